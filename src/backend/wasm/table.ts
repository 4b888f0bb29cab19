import type { Command } from "./commands.ts";
import type { Heap } from "./heap.ts";

/** Words of a command before its arguments: opcode, items, counter, whether no barrier stands before it. */
const headWords = 4;
const counterWord = 2;

/** Bytes of the table of `commands`, see `wasm/walk.ts`: a pointer to each, then the commands. */
export function tableBytes(commands: readonly Command[]): number {
  return 4 * commands.reduce((words, { args }) => words + 1 + headWords + args.length, 0);
}

/** Writes the table of `commands` to `address`. */
export function writeTable(heap: Heap, address: number, commands: readonly Command[]): void {
  const words = heap.i32(address, tableBytes(commands) / 4);
  let at = commands.length;
  commands.forEach(({ opcode, items, args, joins }, i) => {
    words[i] = address + 4 * at;
    words.set([opcode, items, 0, Number(joins ?? false), ...args], at);
    at += headWords + args.length;
  });
}

/** Makes a table ready to be walked again. */
export function resetTable(heap: Heap, address: number, commands: readonly Command[]): void {
  const words = heap.i32(address, tableBytes(commands) / 4);
  let at = commands.length;
  for (const { args } of commands) {
    words[at + counterWord] = 0;
    at += headWords + args.length;
  }
}
