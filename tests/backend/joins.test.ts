import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Opcode } from "../../src/backend/wasm/_generated_opcodes.ts";
import type { Command } from "../../src/backend/wasm/commands.ts";
import { joined, type Range } from "../../src/backend/wasm/joins.ts";
import { add, assign, input, silu, state } from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";

const test = suite("commands that need no barrier");

const shape = [16], bytes = 64;
const x = input("x", { shape, dtype: "f32" }), y = input("y", { shape, dtype: "f32" });
const command: Command = { opcode: Opcode.Unary, items: 1, args: [] };

/** Which steps join, each tensor at a place of its own, or at the one that `at` says, each step with `count` commands. */
function joins(
  steps: readonly Tensor[],
  { at = new Map(), count = 1 }: { at?: Map<Tensor, number>; count?: number } = {},
) {
  const places = new Map<Tensor, number>(at);
  const of = (tensor: Tensor): Range => {
    if (!places.has(tensor)) places.set(tensor, 1000 * (places.size + 1));
    return { address: places.get(tensor)!, bytes };
  };
  const scratch = { address: 0, bytes: 0 };
  const all = steps.map((tensor) => ({
    tensor,
    commands: Array<Command>(count).fill(command),
    at: { of, scratch },
  }));
  return joined(all).map(({ joins = false }) => joins);
}

test("steps join where none writes what another touches", () => {
  const a = silu(x), b = silu(y), c = add(a, b), d = silu(x);
  assert.equal(joins([a, b]), [false, true]);
  assert.equal(joins([a, b, c]), [false, true, false]);
  // Behind the barrier before c, only c counts.
  assert.equal(joins([a, b, c, d]), [false, true, false, true]);
  assert.equal(joins([a, b], { count: 2 }), [false, false, true, false]);
});

test("what lies in the same memory, or in the same cache line, does not join", () => {
  const a = silu(x), b = silu(y);
  assert.equal(joins([a, b], { at: new Map([[a, 64], [b, 64]]) }), [false, false]);
  assert.equal(joins([a, b], { at: new Map([[a, 64], [y, 96]]) }), [false, false]);
  assert.equal(joins([a, b], { at: new Map([[a, 64], [y, 128]]) }), [false, true]);
});

test("ops on one state do not join", () => {
  const cell = state("cell", { shape, dtype: "f32" }), other = state("other", { shape, dtype: "f32" });
  assert.equal(joins([silu(cell), assign(cell, x)]), [false, false]);
  assert.equal(joins([silu(cell), assign(other, x)]), [false, true]);
});

test.run();
