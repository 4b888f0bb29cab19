import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkIndex, checkShape, f32, isState, rank } from "../checks.ts";
import { elements } from "../flop_counts.ts";
import type { FlopRules, Operand, ShapeRules } from "../operand.ts";

/** Rotary embedding and causal attention. */
export interface AttentionOps {
  /**
   * Turns queries and keys: qkv `[…,3·D]` holds q, k and v of h heads each, position u32 `[…]` picks a row of table
   * `[rows,D/h]`, whose elements 2i and 2i+1 are cosine and sine for the adjacent pair (2i, 2i+1) of every head of q
   * and k. v stays. A row of zeros makes q and k zero.
   */
  rope: { inputs: { qkv: Operand; table: Operand; position: Operand }; attrs: { heads: number } };
  /** Causal attention by head, `softmax(q·kᵀ / sqrt(D/h)) · v`: qkv `[B,P,3·D]` → `[B,P,D]`. */
  attention: { inputs: { qkv: Operand }; attrs: { heads: number } };
  /**
   * One position of causal attention: writes k and v of qkv `[R,3·D]` into cache (a state) `[R,2,h,P,D/h]` at
   * position u32 `[R]`, then lets q attend over positions 0 to there → `[R,D]`. `f16` as the state says.
   *
   * After fusion: `table` turns q and k first, as `rope` does.
   */
  attention_step: {
    inputs: { qkv: Operand; cache: Operand; position: Operand; table?: Operand };
    attrs: { heads: number; f16: boolean };
  };
  /** The gradient of `attention` by qkv `[B,P,3·D]`, the probabilities computed again: dy `[B,P,D]`. */
  attention_grad: { inputs: { qkv: Operand; dy: Operand }; attrs: { heads: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const attentionShapes: ShapeRules<AttentionOps> = {
  rope: ({ qkv, table, position }, { heads }) => {
    const { head } = checkQkv("rope", qkv, heads);
    checkTable("rope", table, head);
    checkIndex("rope", "position", position, qkv.shape.slice(0, -1));
    return f32(qkv.shape);
  },
  attention: ({ qkv }, { heads }) => {
    rank("attention", "qkv", qkv, 3);
    return f32(checkQkv("attention", qkv, heads).out);
  },
  attention_step: ({ qkv, cache, position, table }, { heads, f16 }) => {
    const [rows] = rank("attention_step", "qkv", qkv, 2);
    const { head, out } = checkQkv("attention_step", qkv, heads);
    const [, , , positions] = rank("attention_step", "cache", cache, 5);
    const fits = isState(cache, { f16 });
    check("attention_step", "cache", cache.shape, fits, `a state in ${f16 ? "f16" : "f32"}`);
    checkShape("attention_step", "cache", cache, [rows!, 2, heads, positions!, head]);
    checkIndex("attention_step", "position", position, [rows!]);
    if (table) checkTable("attention_step", table, head);
    return f32(out);
  },
  attention_grad: ({ qkv, dy }, { heads }) => {
    const [sequences, positions, width] = rank("attention_grad", "qkv", qkv, 3) as [number, number, number];
    check("attention_grad", "qkv", qkv.shape, width % (3 * heads) === 0, `q, k, v of ${heads} heads`);
    checkShape("attention_grad", "dy", dy, [sequences, positions, width / 3]);
    return f32(qkv.shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const attentionFlop: FlopRules<AttentionOps> = {
  // Four products and two sums for a pair, of q and k.
  rope: (tensor) => 2 * elements(tensor),
  attention: (tensor) => {
    const [, positions, width] = tensor.shape as [number, number, number];
    return attendFlop(elements(tensor), { width, heads: tensor.attrs.heads, positions: (positions + 1) / 2 });
  },
  // As many positions as the cache holds: how many of them are valid depends on the run.
  attention_step: (tensor) =>
    attendFlop(elements(tensor), {
      width: tensor.shape[1]!,
      heads: tensor.attrs.heads,
      positions: tensor.inputs.cache.shape[3]!,
    }),
  // Five products of what attention has two of.
  attention_grad: ({ inputs: { qkv, dy }, attrs: { heads } }) => {
    const positions = (qkv.shape[1]! + 1) / 2;
    return 10 * sizeOf(dy.shape) * positions + 6 * sizeOf(dy.shape.slice(0, 2)) * heads * positions;
  },
};

function checkQkv(op: string, qkv: Operand, heads: number): { head: number; out: Shape } {
  const width = qkv.shape.at(-1)! / 3, head = width / heads;
  check(op, "qkv", qkv.shape, Number.isInteger(head) && head % 2 === 0, `q, k, v of ${heads} even heads`);
  return { head, out: [...qkv.shape.slice(0, -1), width] };
}

function checkTable(op: string, table: Operand, head: number): void {
  const [rows] = rank(op, "table", table, 2);
  checkShape(op, "table", table, [rows!, head]);
}

/** Scores and weighted values of `outputs` elements in rows of `width`; an exponential by score. */
function attendFlop(
  outputs: number,
  { width, heads, positions }: { width: number; heads: number; positions: number },
): number {
  return 4 * outputs * positions + 3 * outputs / width * heads * positions;
}
