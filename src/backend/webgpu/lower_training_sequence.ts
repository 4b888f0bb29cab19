import { flopOf } from "../../graph/flop.ts";
import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { folded, type Scratch, workgroupSize } from "./commands.ts";
import { reduced, type TrainingLowering } from "./lower.ts";
import { checkScores } from "./lower_sequence.ts";
import { eachElement, trainingCommand } from "./training_commands.ts";

type SequenceOp =
  | "matmul"
  | "rms_norm_grad"
  | "rms_norm_weight_grad"
  | "embedding_grad"
  | "attention_grad"
  | "cross_entropy"
  | "cross_entropy_grad";

/** Results of a workgroup of `matmul` along either side, as in the kernel. */
const block = 32;
/** Into how many pieces the rows of a table are cut. */
const tablePieces = 64;
/** Rows that one thread of `rms_norm_weight_grad` adds. */
const rowsOfBlock = 64;

/** How the training ops of sequences become commands. */
export const sequenceTraining: Pick<TrainingLowering, SequenceOp> = {
  matmul: (tensor) => {
    const { inputs: { a, b }, attrs: { transposeA, transposeB } } = tensor;
    const [batches, m, n] = tensor.shape as [number, number, number], k = a.shape[transposeA ? 1 : 2]!;
    return [trainingCommand("matmul", {
      constants: {
        ...{ M: m, N: n, K: k, LHS_I: transposeA ? 1 : k, LHS_K: transposeA ? m : 1 },
        ...{ RHS_K: transposeB ? 1 : n, RHS_J: transposeB ? k : 1 },
      },
      bindings: { lhs: a, rhs: b, out: tensor as Tensor },
      workgroups: [Math.ceil(n / block), Math.ceil(m / block), batches],
      flop: flopOf(tensor as Tensor),
      splits: true,
    })];
  },
  rms_norm_grad: (tensor) => {
    const { inputs: { x, weight, dy }, attrs: { eps } } = tensor, width = weight.shape[0]!;
    const rows = sizeOf(x.shape) / width;
    return [trainingCommand("rms_norm_grad", {
      constants: { WORKGROUP: workgroupSize, ROWS: rows, WIDTH: width, EPS: `f32(${eps})` },
      bindings: { x, weight, dy, out: tensor as Tensor },
      workgroups: folded(rows),
      flop: flopOf(tensor as Tensor),
    })];
  },
  rms_norm_weight_grad: (tensor) => {
    const { inputs: { x, dy }, attrs: { eps } } = tensor, width = tensor.shape[0]!;
    const rows = sizeOf(x.shape) / width, blocks = Math.max(1, Math.ceil(rows / rowsOfBlock));
    const scale: Scratch = { scratch: "scale", bytes: 4 * rows };
    const sums: Scratch = { scratch: "sums", bytes: 4 * blocks * width };
    return [
      ...rows > 0
        ? [trainingCommand("inverse_root", {
          constants: { WORKGROUP: workgroupSize, ROWS: rows, WIDTH: width, EPS: `f32(${eps})` },
          bindings: { x, out: scale },
          workgroups: folded(rows),
          flop: 2 * sizeOf(x.shape),
        })]
        : [],
      eachElement("rms_norm_weight_grad", {
        size: blocks * width,
        constants: { ROWS: rows, WIDTH: width, BLOCK: rowsOfBlock },
        bindings: { x, dy, scale, out: sums },
        flop: flopOf(tensor as Tensor),
      }),
      reduced({ x: sums, out: tensor as Tensor, size: width, count: blocks, inner: width, sum: true }),
    ];
  },
  embedding_grad: (tensor) => {
    const { inputs: { index, dy }, attrs: { words } } = tensor, width = tensor.shape[1]!;
    const each = Math.ceil(words / tablePieces);
    return [eachElement("embedding_grad", {
      size: Math.ceil(words / each) * width,
      constants: { WORDS: words, WIDTH: width, EACH: each, ROWS: sizeOf(index.shape) },
      bindings: { index, dy, out: tensor as Tensor },
      flop: sizeOf(index.shape) * Math.ceil(words / each) * width,
    })];
  },
  attention_grad: (tensor, target) => {
    const { inputs: { qkv, dy }, attrs: { heads } } = tensor;
    const [sequences, positions, width] = dy.shape as [number, number, number];
    // Two arrays of positions, where attention has one.
    checkScores(target, 2 * positions);
    const rows: Scratch = { scratch: "rows", bytes: 8 * sequences * heads * positions };
    const passes = ["attention_grad_query", "attention_grad_key"] as const;
    return passes.map((kernel) =>
      trainingCommand(kernel, {
        constants: {
          ...{ WORKGROUP: workgroupSize, POSITIONS: positions, HEADS: heads, D: width, HEAD: width / heads },
        },
        bindings: { qkv, dy, out: tensor as Tensor, rows },
        workgroups: [positions, heads, sequences],
        flop: flopOf(tensor as Tensor) / passes.length,
      })
    );
  },
  cross_entropy: (tensor) => {
    const { logits, target } = tensor.inputs, [rows, words] = logits.shape as [number, number];
    return [trainingCommand("cross_entropy", {
      constants: { WORKGROUP: workgroupSize, ROWS: rows, WORDS: words },
      bindings: { logits, goal: target, out: tensor as Tensor },
      workgroups: folded(rows),
      flop: flopOf(tensor as Tensor),
    })];
  },
  cross_entropy_grad: (tensor) => {
    const { logits, target, loss, dy } = tensor.inputs;
    return [eachElement("cross_entropy_grad", {
      size: sizeOf(tensor.shape),
      constants: { WORDS: logits.shape[1]! },
      bindings: { logits, goal: target, loss, dy, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
};
