import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";
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
