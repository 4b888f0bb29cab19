import { sizeOf } from "../../tensor/shape.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { LinearOps } from "../ops/linear.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./shape.ts";

/** `x · weightᵀ + bias`: x `[…,C]`, weight `[O,C]`, bias `[O]`. */
export function linear(x: Tensor, operands: { weight: Tensor; bias?: Tensor }): Tensor {
  return apply("linear", { x, ...operands }, {});
}

/** `a·b`, both `[…]` of two axes or of three, whose first is the batch; each may be given transposed. */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Tensor {
  if (a.shape.length !== 2) return apply("matmul", { a, b }, { transposeA, transposeB });
  const [x, y] = [a, b].map((matrix) => reshape(matrix, [1, ...matrix.shape])) as [Tensor, Tensor];
  const product = apply("matmul", { a: x, b: y }, { transposeA, transposeB });
  return reshape(product, product.shape.slice(1));
}

/** Rows of table `[V,D]` by index u32 `[…]`. */
export function embedding(table: Tensor, index: Tensor): Tensor {
  return apply("embedding", { table, index }, {});
}

/** The gradients of these ops. */
export const linearGradients: Gradients<keyof LinearOps> = {
  linear: ({ inputs: { x, weight, bias, norm, up, residual } }, dy) => {
    if (norm || up || residual) return {};
    const rows = reshape(dy, flat(dy));
    return {
      x: reshape(matmul(rows, weight), x.shape),
      weight: matmul(rows, reshape(x, flat(x)), { transposeA: true }),
      ...bias && { bias: reshape(sum(rows, [0]), bias.shape) },
    };
  },
  matmul: ({ inputs: { a, b }, attrs: { transposeA, transposeB } }, dy) => ({
    a: transposeA
      ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : matmul(dy, b, { transposeB: !transposeB }),
    b: transposeB
      ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, dy, { transposeA: !transposeA }),
  }),
  embedding: ({ inputs: { table, index } }, dy) => ({
    table: apply("embedding_grad", { index, dy }, { vocabSize: table.shape[0]! }),
  }),
  embedding_grad: "backward",
};

/** All axes but the last as one. */
function flat({ shape }: Tensor): readonly number[] {
  return [sizeOf(shape.slice(0, -1)), shape.at(-1)!];
}
