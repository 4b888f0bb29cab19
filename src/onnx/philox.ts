import type { Emitter } from "./emitter.ts";
import { powersOf } from "./ops/quantize.ts";
import { unsqueeze } from "./ops/shape.ts";

const multipliers = [0xd2511f53, 0xcd9e8d57], increments = [0x9e3779b9, 0xbb67ae85];
const word = 2 ** 32, half = 2 ** 16, rounds = 10;

/**
 * Philox4x32-10, see `tensor/philox.ts`: words `[N,4]` of key `[N,2]` and counter `[N,4]`. In each round, the words with even numbers
 * and those with odd ones are vectors `[N,2]` of i64. No product here reaches 2⁶³.
 */
export function philox(key: string, { counter, to }: { counter: string; to: Emitter }): string {
  const node = (op: string, ...inputs: string[]) => to.node(op, inputs);
  const swapped = (pair: string) => to.node("Gather", [pair, to.ints([1, 0])], { axis: 1 });
  let [even, odd] = [[0, 2], [1, 3]].map((places) =>
    to.node("Gather", [counter, to.ints(places)], { axis: 1 })
  ) as [string, string];
  for (let round = 0; round < rounds; round++) {
    const high = node("Mul", node("Div", even, to.int(half)), to.ints(multipliers));
    const low = node("Mul", node("Mod", even, to.int(half)), to.ints(multipliers));
    const upper = node("Div", node("Add", high, node("Div", low, to.int(half))), to.int(half));
    const carried = node("Mul", node("Mod", high, to.int(half)), to.int(half));
    const lower = node("Mod", node("Add", carried, low), to.int(word));
    even = exclusiveOr([swapped(upper), odd, key], to);
    odd = swapped(lower);
    key = node("Mod", node("Add", key, to.ints(increments)), to.int(word));
  }
  const pairs = [even, odd].map((value) => unsqueeze(value, { axes: [2], to }));
  return node("Reshape", to.node("Concat", pairs, { axis: 2 }), to.ints([0, 4]));
}

/** The exclusive or of words `[N,2]`: bit by bit, their sum modulo 2. Opset 17 has no bitwise ops. */
function exclusiveOr(words: readonly string[], to: Emitter): string {
  const powers = to.ints(powersOf(32));
  const stacked = to.node("Concat", words.map((value) => unsqueeze(value, { axes: [2, 3], to })), {
    axis: 2,
  });
  const sums = to.node("ReduceSum", [to.node("Div", [stacked, powers]), to.ints([2])], { keepdims: 0 });
  const bits = to.node("Mul", [to.node("Mod", [sums, to.int(2)]), powers]);
  return to.node("ReduceSum", [bits, to.ints([2])], { keepdims: 0 });
}
