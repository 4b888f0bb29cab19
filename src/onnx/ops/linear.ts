import type { LinearOps } from "../../graph/ops/linear.ts";
import type { Tensor } from "../../graph/ops.ts";
import { type Exporters, training } from "../exporter.ts";
import { silu } from "./elementwise.ts";
import { rmsNorm } from "./norm.ts";

/** How matrix products and embeddings are exported. */
export const linearExporters: Exporters<keyof LinearOps> = {
  linear: ({ inputs: { x, weight, bias, norm, up, residual }, attrs: { eps } }, to) => {
    const value = norm
      ? rmsNorm(to.plain(x), { weight: norm, axis: x.shape.length - 1, eps: eps!, to })
      : to.plain(x);
    const product = (matrix: Tensor) => to.node("MatMul", [value, to.transposed(matrix)]);
    let y = product(weight);
    if (bias) y = to.node("Add", [y, to.plain(bias)]);
    if (up) y = to.node("Mul", [silu(y, to), product(up)]);
    return residual ? to.node("Add", [y, to.plain(residual)]) : y;
  },
  matmul: ({ inputs: { a, b }, attrs: { transposeA, transposeB } }, to) => {
    const laid = (x: Tensor, swap: boolean) =>
      swap ? to.node("Transpose", [to.plain(x)], { perm: [0, 2, 1] }) : to.plain(x);
    return to.node("MatMul", [laid(a, transposeA), laid(b, transposeB)]);
  },
  embedding: ({ inputs: { table, index } }, to) => {
    const row = to.node("Min", [to.plain(index), to.int(table.shape[0]! - 1)]);
    return to.node("Gather", [to.plain(table), row], { axis: 0 });
  },
  embedding_grad: training,
};
