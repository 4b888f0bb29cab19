/**
 * Every op in the shapes that are hard for kernels: one element, odd sizes, tails that fill no vector, nothing at all,
 * and large ones. The tests hold each backend against the reference with them, the benchmarks time them.
 *
 * The table is complete by type: an op without cases does not compile.
 */
import type { Shape } from "../../src/tensor/shape.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import {
  type CaseName,
  type CaseOp,
  type CaseSpec,
  given,
  integers,
  makeCase,
  type OpCase,
  type OpOf,
  weight,
} from "./case.ts";
import { binaryCases, unaryCases } from "./elementwise_cases.ts";
import type { OpCases } from "./op_cases.ts";
import { convCases } from "./conv_cases.ts";
import { sequenceCases } from "./sequence_cases.ts";
import { trainingCases } from "./training_cases.ts";
import { padCases, poolCases } from "./window_cases.ts";

const exact = 0, close = 1e-7, product = 1e-6;

const norm: OpCases<"group_norm"> = {
  tolerance: close,
  nan: "spreads",
  cases: [
    ...([
      [[1, 1, 1, 32], 8],
      [[1, 5, 7, 32], 32],
      [[2, 3, 3, 64], 32],
      [[1, 4, 4, 4], 1],
      [[1, 16, 17, 12], 3],
      [[1, 16, 16, 128], 32],
      [[3, 33, 31, 32], 8],
      [[0, 4, 4, 32], 32],
      [[2, 17, 12], 3],
      [[2, 3, 7, 15, 32], 8],
    ] as [Shape, number][]).map(([x, groups]) => ({
      operands: { x: given(x), weight: weight([x.at(-1)!]), bias: weight([x.at(-1)!]) },
      attrs: { groups, eps: 1e-6 },
    })),
    // Scale and shift of each image, as the adaptive norm has them.
    {
      operands: { x: given([2, 6, 5, 32]), weight: given([2, 32]), bias: given([2, 32]) },
      attrs: { groups: 32, eps: 1e-6 },
    },
    // A mean that would eat the variance's digits.
    {
      operands: {
        x: given([1, 20, 20, 32], { offset: 300 }),
        weight: given([32]),
        bias: given([32]),
      },
      attrs: { groups: 4, eps: 1e-6 },
    },
  ],
};

const affineCases: readonly Shape[] = [[1, 1, 1, 4], [1, 5, 7, 32], [3, 17, 16, 12], [2, 5, 8], [
  2,
  3,
  5,
  4,
  8,
], [0, 2, 2, 8]];

/** The table. */
export const opCases: { readonly [N in CaseName]: OpCases<OpOf<N>> } = {
  ...unaryCases,
  ...binaryCases,
  constant: {
    tolerance: exact,
    nan: "never",
    cases: [
      { operands: {}, attrs: { value: f32Tensor([2, 3], Float32Array.of(1, -2, 3, 0.5, -0, 1e30)) } },
      { operands: {}, attrs: { value: u32Tensor([3], Uint32Array.of(0, 1, 2 ** 32 - 1)) } },
    ],
  },
  mean: {
    tolerance: close,
    nan: "spreads",
    cases: ([
      [[1], [0]],
      [[1, 5, 7, 18], [1, 2]],
      [[2, 4, 4, 3], [1, 2]],
      [[3, 9], [1]],
      [[7, 3], [0]],
      [[2, 3, 4], [0, 1, 2]],
      [[1, 64, 64, 33], [1, 2]],
      [[0, 4, 2], [1]],
      [[2, 5, 7, 18], [1, 2], 1],
    ] as [Shape, number[], number?][]).map(([x, axes, correction]) => ({
      operands: { x: given(x, { offset: 0.5 }) },
      attrs: { axes, correction },
    })),
  },
  reshape: {
    tolerance: exact,
    nan: "spreads",
    cases: ([[[2, 3], [6]], [[1, 1], []], [[4, 0], [0, 7]]] as [Shape, Shape][]).map(([x, shape]) => ({
      operands: { x: given(x) },
      attrs: { shape },
    })),
  },
  conv: { tolerance: product, nan: "spreads", formats: ["f16"], cases: convCases },
  pool: { tolerance: close, nan: "spreads", cases: poolCases },
  pad: { tolerance: exact, nan: "spreads", cases: padCases },
  group_norm: norm,
  group_norm_affine: norm,
  channel_affine: {
    tolerance: close,
    nan: "spreads",
    cases: affineCases.flatMap((shape) =>
      [false, true].map((swish) => ({
        operands: { x: given(shape), affine: given([shape[0]!, 2, shape.at(-1)!]) },
        attrs: { swish },
      }))
    ),
  },
  depth_to_space: {
    tolerance: exact,
    nan: "spreads",
    cases: [[1, 1, 1, 4], [1, 3, 5, 12], [2, 4, 3, 128], [1, 2, 2, 20], [2, 3, 2, 2, 8], [0, 2, 2, 8]].map((
      x,
    ) => ({
      operands: { x: given(x) },
      attrs: {},
    })),
  },
  pack_bits: {
    tolerance: exact,
    nan: "compares",
    cases: [[1, 1], [1, 16, 16, 18], [2, 3, 32], [5, 14], [0, 18]].map((x) => ({
      operands: { x: given(x) },
      attrs: {},
    })),
  },
  unpack_bits: {
    tolerance: exact,
    nan: "never",
    cases: ([[[1], 1], [[1, 16, 16], 18], [[7], 32], [[2, 3, 5], 14], [[0], 18]] as [Shape, number][]).map((
      [x, bits],
    ) => ({ operands: { x: integers(x, 2 ** bits) }, attrs: { bits } })),
  },
  ...sequenceCases,
  ...trainingCases,
};

/** All names in the table. */
export const caseNames: readonly CaseName[] = Object.keys(opCases) as CaseName[];

/** All cases of `name`, made ready. */
export function casesOf(name: CaseName): OpCase[] {
  return opCases[name].cases.map((spec) => makeCase(name, spec as CaseSpec<CaseOp>));
}

/** What the WebGPU backend runs where it is set up for inference alone. */
export const inferenceNames: readonly CaseName[] = caseNames.filter((name) => !(name in trainingCases));
