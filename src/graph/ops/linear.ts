import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkDType, checkIndex, checkShape, f32, rank } from "../checks.ts";
import { elements, rmsFlop, swishFlop } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";

/** Matrix products and embeddings. */
export interface LinearOps {
  /**
   * `x · weightᵀ + bias`: x `[…,C]`, weight `[O,C]`, bias `[O]` → `[…,O]`.
   *
   * After fusion: `norm` `[C]` is the weight of an `rms_norm` with `eps` that acts on x first, `up` `[O,C]` the weight
   * of a second product for `swiglu(x · weightᵀ, x · upᵀ)`, `residual` (of the result's shape) is added last.
   */
  linear: {
    inputs: { x: Operand; weight: Operand; bias?: Operand; norm?: Operand; up?: Operand; residual?: Operand };
    attrs: { eps?: number };
  };
  /** `a·b` by batch: a `[B,M,K]`, or `[B,K,M]` where transposed, b `[B,K,N]`, or `[B,N,K]` → `[B,M,N]`. */
  matmul: {
    inputs: { a: Operand; b: Operand };
    attrs: { transposeA: boolean; transposeB: boolean };
  };
  /** Rows of table `[V,D]` by index u32 `[…]` → `[…,D]`. An index beyond the table reads its last row. */
  embedding: { inputs: { table: Operand; index: Operand }; attrs: NoAttrs };
  /** The gradient of `embedding` by its table `[vocabSize,D]`: rows of dy `[…,D]`, added in their order. */
  embedding_grad: { inputs: { index: Operand; dy: Operand }; attrs: { vocabSize: number } };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const linearShapes: ShapeRules<LinearOps> = {
  linear: ({ x, weight, bias, norm, up, residual }) => {
    const [outputs, channels] = rank("linear", "weight", weight, 2);
    check("linear", "x", x.shape, x.shape.at(-1) === channels, `[…,${channels}]`);
    if (bias) checkShape("linear", "bias", bias, [outputs!]);
    if (norm) checkShape("linear", "norm", norm, [channels!]);
    if (up) checkShape("linear", "up", up, weight.shape);
    const shape = [...x.shape.slice(0, -1), outputs!];
    if (residual) checkShape("linear", "residual", residual, shape);
    return f32(shape);
  },
  matmul: ({ a, b }, { transposeA, transposeB }) => {
    rank("matmul", "a", a, 3), rank("matmul", "b", b, 3);
    const [batch, rows, inner] = swapped(a.shape, transposeA);
    const columns = swapped(b.shape, transposeB)[2];
    checkShape("matmul", "b", b, swapped([batch, inner, columns], transposeB));
    return f32([batch, rows, columns]);
  },
  embedding: ({ table, index }) => {
    const [, width] = rank("embedding", "table", table, 2);
    checkDType("embedding", "index", index, "u32");
    return f32([...index.shape, width!]);
  },
  embedding_grad: ({ index, dy }, { vocabSize }) => {
    checkIndex("embedding_grad", "index", index, dy.shape.slice(0, -1));
    return f32([vocabSize, dy.shape.at(-1)!]);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const linearFlop: FlopRules<LinearOps> = {
  linear: (tensor) => {
    const { x, weight, bias, norm, up, residual } = tensor.inputs;
    const products = 2 * weight.shape[1]! * elements(tensor) * (up ? 2 : 1);
    const epilogue = (bias ? 1 : 0) + (up ? swishFlop + 1 : 0) + (residual ? 1 : 0);
    return products + (norm ? rmsFlop * elements(x) : 0) + epilogue * elements(tensor);
  },
  matmul: (tensor) => {
    const { inputs: { a }, attrs: { transposeA } } = tensor;
    return 2 * a.shape[transposeA ? 1 : 2]! * elements(tensor);
  },
  embedding: () => 0,
  embedding_grad: ({ inputs: { dy } }) => sizeOf(dy.shape),
};

function swapped(shape: Shape, swap: boolean): [number, number, number] {
  const [batch, rows, columns] = shape as [number, number, number];
  return swap ? [batch, columns, rows] : [batch, rows, columns];
}
