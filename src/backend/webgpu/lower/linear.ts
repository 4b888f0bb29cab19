import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { Command, Operand, Scratch } from "../commands.ts";
import type { Rules, Target } from "../lowering.ts";
import { matrix, product } from "../product.ts";
import { byElement, eachElement } from "../each_element.ts";
import { blockOf, chooseTile, loadsOfThread, tileConstants } from "../tiles.ts";
import { swigluCommand } from "./elementwise.ts";
import { matvec } from "./matvec.ts";
import { rmsNorm } from "./norm.ts";

/**
 * Rows up to which a product goes by blocks of few rows; more go through the kernel of convolutions. On an H200, 16 rows
 * took 13 µs where 64 took 49 µs as convolution, with norm and gate in dispatches of their own.
 */
const fewRows = { staged: 64, direct: 16 } as const;

/** Results of a workgroup of `matmul` along either side, as in the kernel. */
const block = 32;
/** Into how many pieces the rows of a table are cut. */
const tablePieces = 64;

/** How the ops of products and embeddings become commands. */
export const linearLowering: Rules<"linear" | "embedding"> = {
  linear: (tensor, target) => {
    const { x, weight } = tensor.inputs;
    const rows = sizeOf(x.shape) / weight.shape[1]!;
    return rows <= fewRows[target.tiling] ? matvec(tensor, target) : products(tensor, target);
  },
  embedding: (tensor, { format }) => {
    const { table, index } = tensor.inputs, [vocabSize, width] = table.shape as [number, number];
    const isParam = table.op === "param", f16 = isParam && format(table.attrs.name) !== "f32";
    return byElement("embedding", tensor, {
      constants: { VOCAB_SIZE: vocabSize, WIDTH: width, F16: f16, ROW_WORDS: Math.ceil(width / 2) },
      bindings: { table: isParam ? { packed: table, layout: "table" } : table, index },
    });
  },
};

/** The same for those that need the kernels of training. */
export const linearTraining: Rules<"matmul" | "embedding_grad"> = {
  matmul: (tensor, target) => {
    const { inputs: { a, b }, attrs: { transposeA, transposeB } } = tensor;
    const [batches, m, n] = tensor.shape as [number, number, number], k = a.shape[transposeA ? 1 : 2]!;
    // A part of the sums for each workgroup would need a second pass.
    const tile = chooseTile(target, { rows: m, outputs: n, depth: 0, times: batches });
    const [blockM, blockN] = tile.staged ? blockOf(tile) : [block, block];
    return [{
      kernel: tile.staged ? "matmul_staged" : "matmul",
      constants: {
        ...{ M: m, N: n, K: k, LHS_I: transposeA ? 1 : k, LHS_K: transposeA ? m : 1 },
        ...{ RHS_K: transposeB ? 1 : n, RHS_J: transposeB ? k : 1 },
        ...tile.staged && {
          ...{ ...tileConstants(tile, target), ...loadsOfThread(tile) },
          ...{ LEFT_ALONG_K: !transposeA, RIGHT_ALONG_K: transposeB },
        },
      },
      bindings: { lhs: a, rhs: b, out: tensor as Tensor },
      workgroups: [Math.ceil(n / blockN), Math.ceil(m / blockM), batches],
      flop: flopOf(tensor as Tensor),
      splits: true,
    }];
  },
  embedding_grad: (tensor) => {
    const { inputs: { index, dy }, attrs: { vocabSize } } = tensor, width = tensor.shape[1]!;
    const each = Math.ceil(vocabSize / tablePieces);
    return [eachElement("embedding_grad", {
      size: Math.ceil(vocabSize / each) * width,
      constants: { VOCAB_SIZE: vocabSize, WIDTH: width, EACH: each, ROWS: sizeOf(index.shape) },
      bindings: { index, dy, out: tensor as Tensor },
      flop: sizeOf(index.shape) * Math.ceil(vocabSize / each) * width,
    })];
  },
};

/** Tiled products, with norms and gates as separate passes, which cost little compared to a product of many rows. */
function products(tensor: TensorOf<"linear">, target: Target): Command[] {
  const { x, weight, bias, norm, up, residual } = tensor.inputs;
  const [outputs, k] = weight.shape as [number, number];
  const w = sizeOf(x.shape) / k, size = sizeOf(tensor.shape), out: Operand = tensor as Tensor;
  const commands: Command[] = [];
  let source: Operand = x;
  if (norm) {
    source = { scratch: "normalised", bytes: 4 * sizeOf(x.shape) };
    commands.push(rmsNorm(x, { weight: norm, eps: tensor.attrs.eps!, out: source }));
  }
  // A 1×1 convolution of one row of positions.
  const ones = [1, 1, 1] as const;
  const sizes = {
    ...{ x: [1, 1, 1, w, k] as const, out: [1, 1, 1, w, outputs] as const },
    ...{ kernel: ones, stride: ones, before: [0, 0, 0] as const },
  };
  const times = (by: Tensor, rest: { bias?: Tensor; residual?: Tensor; out: Operand }) => {
    const { operand, commands } = matrix(by, target);
    return [...commands, ...product({ ...sizes, operands: { x: source, weight: operand, ...rest } }, target)];
  };
  if (!up) return [...commands, ...times(weight, { bias, residual, out })];
  const gate: Scratch = { scratch: "gate", bytes: 4 * size },
    gated: Scratch = { scratch: "up", bytes: 4 * size };
  return [
    ...commands,
    ...times(weight, { bias, out: gate }),
    ...times(up, { out: gated }),
    swigluCommand({ gate, up: gated, residual }, { size, out }),
  ];
}
