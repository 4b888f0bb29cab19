import type { Command } from "./commands.ts";
import type { Heap } from "./heap.ts";
import type { Part } from "./parts.ts";

/** Words of a command before its arguments: opcode, items, counter, whether no barrier stands before it. */
const headWords = 4;
const itemsWord = 1, counterWord = 2;
/** Bytes of a pointer to a command. */
const pointerBytes = 4;

/** Bytes of the table of `commands`, see `wasm/walk.ts`: a pointer to each, then the commands. */
export function tableBytes(commands: readonly Command[]): number {
  return pointerBytes * commands.reduce((words, { args }) => words + 1 + headWords + args.length, 0);
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
  for (const { args, items } of commands) {
    words[at + itemsWord] = items;
    words[at + counterWord] = 0;
    at += headWords + args.length;
  }
}

/** Where a part of a table begins; of a single command's items, those that the part holds are made the next. */
export function partOf(heap: Heap, address: number, { from, items }: Part): number {
  const part = address + pointerBytes * from;
  if (items) {
    const [command] = heap.i32(part, 1), words = heap.i32(command! >>> 0, headWords);
    words[itemsWord] = items.end;
    words[counterWord] = items.begin;
  }
  return part;
}
