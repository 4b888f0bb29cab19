import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, floatArgument } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import { packLinear, plainLinearBytes } from "../pack_plain.ts";
import { type Product, productCommands } from "../product.ts";

/** Rows that share each reading of a weight, as in the kernel. */
const chunkRows = 24;
/** Into how many items a product is cut: enough to keep threads even, few enough to be worth taking. */
const productItems = 32;
/** Into how many items the rows of a table are cut. */
const tableItems = 64;

/** How the ops of products and embeddings become commands. */
export const linearLowering: Rules<"linear" | "embedding"> = {
  linear: (tensor, at) => {
    const { x, weight, bias, norm, up, residual } = tensor.inputs;
    const [outputs, k] = weight.shape as [number, number];
    const rows = sizeOf(x.shape) / k, panels = Math.ceil(outputs / 8);
    const group = Math.max(1, Math.round(panels / productItems));
    const packings: Command[] = [];
    const matrix = (tensor: Tensor | undefined): number => {
      if (!tensor || at.packed(tensor)) return at.of(tensor);
      const out = at.scratch(plainLinearBytes(tensor.shape));
      packings.push(packLinear(at.of(tensor), tensor.shape, out));
      return out;
    };
    const pointers = [
      ...[at.of(x), matrix(weight), at.of(bias), at.of(norm), matrix(up)],
      ...[at.of(residual), at.of(tensor as Tensor)],
    ];
    return [...packings, {
      opcode: Opcode.Linear,
      items: Math.ceil(rows / chunkRows) * Math.ceil(panels / group),
      args: [...pointers, rows, k, outputs, floatArgument(tensor.attrs.eps ?? 0), group],
      scratchBytes: 256 + 32 * chunkRows * group * (up ? 2 : 1) +
        (32 + 4 * chunkRows) * Math.ceil(k / 32) * 32,
      flop: 2 * rows * k * outputs * (up ? 2 : 1),
    }];
  },
  embedding: (tensor, at) => {
    const { table, index } = tensor.inputs;
    const [vocabSize, width] = table.shape as [number, number];
    const args = [at.of(table), at.of(index), at.of(tensor as Tensor), width, vocabSize];
    const opcode = at.packed(table) ? Opcode.Embedding : Opcode.EmbeddingPlain;
    return [{ opcode, items: sizeOf(index.shape), args }];
  },
};

/** The same for those that need the kernels of training. */
export const linearTraining: Rules<"linear" | "matmul" | "embedding_grad"> = {
  linear: (tensor, at) => {
    const product = plainLinear(tensor, at.packed);
    if (!product) return linearLowering.linear(tensor, at);
    const { x, weight, residual } = tensor.inputs, { k } = product;
    return productCommands(product, at.scratch, {
      a: { from: at.of(x), step: k, stepK: 1 },
      b: { from: at.of(weight), step: k, stepK: 1 },
      out: at.of(tensor as Tensor),
      residual: at.of(residual),
    });
  },
  matmul: (tensor, at) => {
    const { inputs: { a, b }, attrs: { transposeA, transposeB } } = tensor;
    const product = matmulProduct(tensor), { m, k, n } = product;
    return productCommands(product, at.scratch, {
      a: { from: at.of(a), ...transposeA ? { step: 1, stepK: m } : { step: k, stepK: 1 } },
      b: { from: at.of(b), ...transposeB ? { step: k, stepK: 1 } : { step: 1, stepK: n } },
      out: at.of(tensor as Tensor),
    });
  },
  embedding_grad: (tensor, at) => {
    const { inputs: { index, dy }, attrs: { vocabSize } } = tensor, each = Math.ceil(vocabSize / tableItems);
    const args = [at.of(index), at.of(dy), at.of(tensor as Tensor), sizeOf(index.shape), tensor.shape[1]!];
    return [{
      opcode: Opcode.EmbeddingGrad,
      items: Math.ceil(vocabSize / each),
      args: [...args, vocabSize, each],
    }];
  },
};

/** A product with a weight that is not packed; undefined where the kernel for few rows, or for fused forms, is better. */
function plainLinear(
  { inputs: { x, weight, bias, norm, up } }: TensorOf<"linear">,
  packed: (weight: Tensor) => boolean,
): Product | undefined {
  const [n, k] = weight.shape as [number, number], m = sizeOf(x.shape) / k;
  return packed(weight) || bias || norm || up || m < 24 ? undefined : { batch: 1, m, k, n };
}

/** The product that `matmul` is. */
function matmulProduct({ inputs: { a }, attrs: { transposeA }, shape }: TensorOf<"matmul">): Product {
  const [batch, m, n] = shape as [number, number, number];
  return { batch, m, k: a.shape[transposeA ? 1 : 2]!, n };
}
