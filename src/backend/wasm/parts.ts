import type { Command } from "./commands.ts";

/** A part between two pauses does at least so many operations: 50 ms of a slow machine's work. */
const partFlop = 2 ** 31;
/** So many parts, about. Between two, the threads are woken once more, which takes some 50 µs. */
const usualParts = 64;
/** Pieces of a command hold at least so many items, to keep all threads busy. */
const leastItems = 64;

/** Commands of a table that are run without a pause, or a piece of a single one. */
export interface Part {
  readonly from: number;
  readonly to: number;
  /** The items of the single command. */
  readonly items?: { readonly begin: number; readonly end: number };
}

/** Cuts a long table into parts, so that other programs may go first between them. */
export function partsOf(commands: readonly Command[]): Part[] {
  const all = commands.reduce((sum, { flop = 0 }) => sum + flop, 0);
  const most = Math.max(partFlop, all / usualParts), parts: Part[] = [];
  let from = 0, sum = 0;
  const end = (to: number) => {
    if (to > from) parts.push({ from, to });
    from = to;
    sum = 0;
  };
  commands.forEach(({ flop = 0, items }, i) => {
    const pieces = Math.min(Math.floor(flop / most), Math.floor(items / leastItems));
    if (pieces < 2) {
      sum += flop;
      if (sum >= most) end(i + 1);
      return;
    }
    end(i);
    for (let piece = 0; piece < pieces; piece++) {
      const [begin, end] = [piece, piece + 1].map((n) => Math.floor(items * n / pieces)) as [number, number];
      parts.push({ from: i, to: i + 1, items: { begin, end } });
    }
    from = i + 1;
  });
  end(commands.length);
  return parts;
}
