import { type Command, InvalidArgumentError, Option } from "commander";

/** One of `count` equal ranges of the work; `index` counts from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Adds the option `--shard` to a command. */
export function withShard(command: Command): Command {
  return command.addOption(
    new Option("--shard <i/n>", "process only the i-th of n parts of the images")
      .argParser(parseShard).default({ index: 1, count: 1 }, "1/1"),
  );
}

/** The range of `total` items that belong to a shard. */
export function rangeOf({ index, count }: Shard, total: number): { begin: number; end: number } {
  return { begin: Math.floor(total * (index - 1) / count), end: Math.floor(total * index / count) };
}

function parseShard(text: string): Shard {
  const [index, count] = text.split("/").map(Number);
  const fits = Number.isSafeInteger(index) && Number.isSafeInteger(count) && index! >= 1 && index! <= count!;
  if (fits && /^\d+\/\d+$/.test(text)) return { index: index!, count: count! };
  throw new InvalidArgumentError("Expected i/n with i from 1 to n.");
}
