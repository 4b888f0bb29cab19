import type { Shape } from "../../src/tensor/shape.ts";
import { constants, counting, given, integers, type Operand, state, weight } from "./case.ts";
import type { OpCases } from "./op_cases.ts";
import { inputGradCases, weightGradCases } from "./conv_cases.ts";
import { poolGradCases } from "./window_cases.ts";

const exact = 0, close = 1e-7, product = 1e-6;

const shapes: readonly Shape[] = [[], [1], [7], [1, 3, 5, 31], [1, 4097], [0, 8]];

/** Ops that need the kernels of training. */
type TrainingOp =
  | "sum"
  | "broadcast_to"
  | "permute"
  | "straight_through"
  | "matmul"
  | "dropout"
  | "square_sum"
  | "swiglu_grad"
  | "rms_norm_grad"
  | "rms_norm_weight_grad"
  | "silu_grad"
  | "leaky_relu_grad"
  | "conv_input_grad"
  | "conv_weight_grad"
  | "channel_sums"
  | "group_norm_grad"
  | "embedding_grad"
  | "attention_grad"
  | "cross_entropy"
  | "cross_entropy_grad"
  | "pool_grad"
  | "assign"
  | "adam";

/** Rows of RMSNorm: below, at and beyond its items. */
const normed: readonly Shape[] = [[1, 3], [3, 5, 7], [16, 64], [129, 66], [2, 128, 12], [0, 8]];

const maps4: readonly Shape[] = [[1, 1, 1, 4], [2, 5, 7, 32], [1, 17, 16, 12], [1, 40, 41, 20], [2, 7, 8], [
  2,
  3,
  5,
  7,
  8,
], [0, 2, 2, 8]];

/** The part of the case table that concerns training. */
export const trainingCases: { readonly [O in TrainingOp]: OpCases<O> } = {
  sum: {
    tolerance: close,
    nan: "spreads",
    cases: ([
      [[1], [0]],
      [[1, 5, 7, 18], [0, 1, 2]],
      [[2, 4, 4, 3], [1, 2]],
      [[3, 9], [1]],
      [[7, 37], [0]],
      [[2, 3, 4], [0, 1, 2]],
      [[1, 64, 64, 33], [1, 2]],
      [[0, 4, 2], [1]],
    ] as [Shape, number[]][]).map(([x, axes]) => ({
      operands: { x: given(x, { offset: 0.5 }) },
      attrs: { axes },
    })),
  },
  broadcast_to: {
    tolerance: exact,
    nan: "spreads",
    cases: ([
      [[], []],
      [[], [5]],
      [[7], [3, 7]],
      [[1, 1, 1, 18], [2, 4, 3, 18]],
      [[2, 1, 5, 1], [2, 3, 5, 6]],
      [[3, 1, 4], [2, 3, 5, 4]],
      [[1, 0], [3, 0]],
    ] as [Shape, Shape][]).map(([x, shape]) => ({ operands: { x: given(x) }, attrs: { shape } })),
  },
  permute: {
    tolerance: exact,
    nan: "spreads",
    cases: ([
      [[5], [0]],
      [[3, 7], [1, 0]],
      [[2, 3, 5], [2, 0, 1]],
      [[2, 6, 5, 3], [0, 3, 1, 2]],
      [[2, 3, 4, 5, 6], [0, 1, 4, 2, 3]],
      [[4, 0], [1, 0]],
    ] as [Shape, number[]][]).map(([x, order]) => ({ operands: { x: given(x) }, attrs: { order } })),
  },
  straight_through: {
    tolerance: exact,
    nan: "never",
    cases: ([[], [7], [2, 3]] as Shape[]).flatMap((shape) => [
      { operands: { value: given(shape), gradient: given(shape) }, attrs: {} },
      { operands: { value: given(shape) }, attrs: {} },
    ]),
  },
  matmul: {
    tolerance: product,
    nan: "spreads",
    cases: ([
      [1, 1, 1, 1],
      [1, 5, 7, 9],
      [2, 25, 40, 16],
      [3, 24, 33, 130],
      [1, 65, 300, 33],
      [1, 50, 513, 140],
      [1, 4, 0, 8],
      [1, 0, 4, 8],
    ] as [number, number, number, number][]).flatMap(([batch, m, k, n]) =>
      [[false, false], [false, true], [true, false], [true, true]].map(([transposeA, transposeB]) => ({
        operands: {
          a: given([batch, ...(transposeA ? [k, m] : [m, k])]),
          b: given([batch, ...(transposeB ? [n, k] : [k, n])]),
        },
        attrs: { transposeA: transposeA!, transposeB: transposeB! },
      }))
    ),
  },
  dropout: {
    tolerance: close,
    nan: "spreads",
    cases: ([
      [[], 0.1, 0],
      [[5], 0.5, 1],
      [[3, 7], 0.9, 4294967295],
      [[2, 3, 31], 0.25, 7],
      [[1, 4097], 0.1, 2],
      [[3, 40, 64], 0.1, 3],
      [[0, 8], 0.1, 3],
    ] as [Shape, number, number][]).map(([x, rate, site]) => ({
      operands: { x: given(x), random: integers([4], 2 ** 32) },
      attrs: { rate, site },
    })),
  },

  square_sum: {
    tolerance: close,
    nan: "spreads",
    cases: ([...shapes, [3, 16384], [2, 16385]] as Shape[]).map((x) => ({
      operands: { x: given(x) },
      attrs: {},
    })),
  },
  swiglu_grad: {
    tolerance: close,
    nan: "spreads",
    cases: shapes.map((shape) => ({
      operands: { gate: given(shape, { scale: 6 }), up: given(shape), dy: given(shape) },
      attrs: {},
    })),
  },
  rms_norm_grad: {
    tolerance: close,
    nan: "spreads",
    cases: normed.map((x) => ({
      operands: { x: given(x), weight: weight(x.slice(-1)), dy: given(x) },
      attrs: { eps: 1e-5 },
    })),
  },
  rms_norm_weight_grad: {
    tolerance: close,
    nan: "spreads",
    cases: normed.map((x) => ({ operands: { x: given(x), dy: given(x) }, attrs: { eps: 1e-5 } })),
  },
  silu_grad: {
    tolerance: close,
    nan: "spreads",
    cases: shapes.map((shape) => ({
      operands: { x: given(shape, { scale: 6 }), dy: given(shape) },
      attrs: {},
    })),
  },
  leaky_relu_grad: {
    tolerance: exact,
    nan: "spreads",
    cases: shapes.map((shape) => ({
      operands: { x: given(shape), dy: given(shape) },
      attrs: { slope: 0.25 },
    })),
  },
  conv_input_grad: { tolerance: product, nan: "spreads", cases: inputGradCases },
  conv_weight_grad: { tolerance: product, nan: "spreads", cases: weightGradCases },
  channel_sums: {
    tolerance: close,
    nan: "spreads",
    cases: maps4.flatMap((x) => {
      const affine = given([x[0]!, 2, x.at(-1)!], { offset: 0.5 });
      const operands = { x: given(x), dy: given(x), affine };
      return [{ operands, attrs: {} }, { operands: { ...operands, activation: affine }, attrs: {} }];
    }),
  },
  group_norm_grad: {
    tolerance: close,
    nan: "spreads",
    cases: maps4.flatMap((x, i) => {
      const pairs: Shape = [x[0]!, 2, x.at(-1)!], affine = given(pairs, { offset: 0.5 });
      const weight = given(i % 2 ? [x.at(-1)!] : [x[0]!, x.at(-1)!]);
      const operands = { x: given(x), dy: given(x), affine, sums: given(pairs, { scale: 30 }), weight };
      const attrs = { groups: i === 0 ? 1 : x.at(-1)! / 4 };
      return [{ operands, attrs }, { operands: { ...operands, activation: given(pairs) }, attrs }];
    }),
  },
  embedding_grad: {
    tolerance: close,
    nan: "spreads",
    cases: ([
      [1, [1], 1],
      [10, [3], 7],
      [5, [2, 3], 8],
      [300, [40], 64],
      [10, [0], 8],
    ] as [number, Shape, number][]).flatMap(([vocabSize, index, width]) => [
      {
        operands: { index: integers(index, vocabSize), dy: given([...index, width]) },
        attrs: { vocabSize },
      },
      {
        operands: { index: constants(index, vocabSize + 2), dy: given([...index, width]) },
        attrs: { vocabSize },
      },
    ]),
  },
  attention_grad: {
    tolerance: product,
    nan: "spreads",
    // NaN in v reaches the gradients through their slopes; k of a later position reaches none of the earlier ones.
    cases: ([
      [[1, 1, 12], 1],
      [[2, 5, 24], 2],
      [[1, 33, 96], 4],
      [[3, 64, 192], 2],
      // Heads so wide that several workgroups share their results.
      [[2, 35, 72], 2],
      [[1, 70, 204], 1],
      [[1, 34, 408], 1],
      [[0, 4, 24], 2],
    ] as [Shape, number][]).map(([qkv, heads]) => ({
      operands: { qkv: given(qkv, { scale: 2 }), dy: given(qkv.with(2, qkv[2]! / 3)) },
      attrs: { heads },
    })),
  },
  cross_entropy: {
    tolerance: close,
    nan: "spreads",
    cases: ([[1, 1], [3, 7], [8, 64], [5, 513], [0, 4]] as Shape[]).map((logits) => ({
      operands: { logits: given(logits, { scale: 8 }), target: integers([logits[0]!], logits[1]!) },
      attrs: {},
    })),
  },
  cross_entropy_grad: {
    tolerance: close,
    nan: "spreads",
    // What is not a number among the logits makes the loss none.
    nanIn: ["loss", "dy"],
    cases: ([[1, 1], [3, 7], [8, 64], [5, 513], [0, 4]] as Shape[]).map((logits) => ({
      operands: {
        logits: given(logits, { scale: 8 }),
        target: integers([logits[0]!], logits[1]!),
        loss: given([logits[0]!], { scale: 2, offset: 6 }),
        dy: given([logits[0]!]),
      },
      attrs: {},
    })),
  },
  pool_grad: { tolerance: close, nan: "spreads", nanIn: ["dy"], cases: poolGradCases },

  assign: {
    tolerance: exact,
    nan: "spreads",
    cases: ([[], [7], [2, 64, 65], [0, 4]] as Shape[]).flatMap((shape) => {
      const operands = { state: state(shape, false), value: given(shape) };
      return [{ operands, attrs: {} }, { operands: { ...operands, when: counting([]) }, attrs: {} }];
    }),
  },
  adam: {
    tolerance: close,
    nan: "spreads",
    cases: ([[], [7], [2, 64, 65], [0, 4]] as Shape[]).flatMap((shape) => {
      const [parameter, m, v, average] = [0, 1, 2, 3].map(() => state(shape, false)) as [
        Operand,
        Operand,
        Operand,
        Operand,
      ];
      const changing = { gradient: given(shape), step: given([3], { scale: 0.1, offset: 0.5 }) };
      const attrs = { beta1: 0.9, beta2: 0.95, eps: 1e-3, decay: 0.1, averageDecay: 0.9 };
      return [
        { operands: { parameter, m, v, ...changing }, attrs, runs: 3 },
        { operands: { parameter, m, v, average, ...changing, scale: given([]) }, attrs, runs: 3 },
        { operands: { parameter, m, v, ...changing, when: counting([]) }, attrs, runs: 3 },
      ];
    }),
  },
};
