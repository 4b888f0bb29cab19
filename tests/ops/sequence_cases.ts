import type { OpCases } from "./op_cases.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { type CaseOp, type CaseSpec, constants, counting, given, integers, state, weight } from "./case.ts";

/** Ops of sequences and sampling. */
export type SequenceOp = Extract<
  CaseOp,
  | "slice"
  | "concat"
  | "select"
  | "linear"
  | "rms_norm"
  | "embedding"
  | "swiglu"
  | "rope"
  | "attention"
  | "attention_step"
  | "philox"
  | "guide"
  | "sample"
>;

const exact = 0, close = 1e-7, product = 1e-6;

/** Products alone, and with all that they are fused with in the models. */
const linearCases: readonly CaseSpec<"linear">[] = ([
  [[1, 1], 1],
  [[1, 18], 512],
  [[3, 5, 7], 9],
  [[1, 64], 40],
  [[2, 96], 33],
  [[16, 64], 24],
  [[25, 40], 16],
  [[65, 128], 130],
  [[2, 2100], 12],
  [[5, 288], 37],
  [[9, 1056], 35],
  [[17, 72], 10],
  [[0, 16], 8],
] as [Shape, number][]).flatMap(([x, outputs]) => {
  const width = x.at(-1)!, y = [...x.slice(0, -1), outputs];
  const operands = { x: given(x), weight: weight([outputs, width]) };
  const bias = weight([outputs]), norm = weight([width]), up = weight([outputs, width]), residual = given(y);
  return [
    { operands, attrs: {} },
    { operands: { ...operands, bias }, attrs: {} },
    { operands: { ...operands, norm }, attrs: { eps: 1e-5 } },
    { operands: { ...operands, norm, up }, attrs: { eps: 1e-5 } },
    { operands: { ...operands, residual }, attrs: {} },
    { operands: { ...operands, bias, norm, residual }, attrs: { eps: 1e-5 } },
  ];
});

const rows: readonly Shape[] = [[1, 1], [3, 7], [2, 5, 64], [1, 4097], [0, 8]];

/** The part of the case table that concerns sequences. */
export const sequenceCases: { readonly [O in SequenceOp]: OpCases<O> } = {
  slice: {
    tolerance: exact,
    nan: "never",
    cases: ([
      [[7], { axis: 0, start: 0, length: 7 }],
      [[4, 6, 5], { axis: 0, start: 3, length: 1 }],
      [[4, 6, 5], { axis: 1, start: 2, length: 3 }],
      [[4, 6, 5], { axis: 2, start: 1, length: 3 }],
      [[2, 300, 33], { axis: 1, start: 299, length: 1 }],
      [[4, 6], { axis: 1, start: 2, length: 0 }],
      [[0, 6], { axis: 1, start: 2, length: 2 }],
    ] as const).map(([x, attrs]) => ({ operands: { x: given(x) }, attrs })),
  },
  concat: {
    tolerance: exact,
    nan: "spreads",
    cases: ([
      [[1], [2], 0],
      [[3, 4], [3, 1], 1],
      [[2, 3, 5], [2, 1, 5], 1],
      [[2, 64, 33], [2, 3, 33], 1],
      [[2, 0], [2, 3], 1],
    ] as const).map(([a, b, axis]) => ({ operands: { a: given(a), b: given(b) }, attrs: { axis } })),
  },
  select: {
    tolerance: exact,
    nan: "never",
    cases: ([[1], [5], [3, 7], [8, 2, 33], [0, 4]] as Shape[]).map((shape) => ({
      operands: { condition: integers(shape.slice(0, 1), 2), a: given(shape), b: given(shape) },
      attrs: {},
    })),
  },
  linear: { tolerance: product, nan: "spreads", formats: ["f16", "q8", "q4"], cases: linearCases },
  rms_norm: {
    tolerance: close,
    nan: "spreads",
    cases: rows.map((x) => ({
      operands: { x: given(x), weight: weight([x.at(-1)!]) },
      attrs: { eps: 1e-5 },
    })),
  },
  embedding: {
    tolerance: exact,
    nan: "spreads",
    formats: ["f16", "q8"],
    cases: ([
      [[1, 1], [1]],
      [[10, 7], [3]],
      [[5, 8], [2, 3]],
      [[300, 64], [40]],
      [[10, 8], [0]],
    ] as [Shape, Shape][]).flatMap(([table, index]) => [
      { operands: { table: weight(table), index: integers(index, table[0]!) }, attrs: {} },
      // Two indices are beyond the table, as what is computed from logits that are not finite.
      { operands: { table: weight(table), index: constants(index, table[0]! + 2) }, attrs: {} },
    ]),
  },
  swiglu: {
    tolerance: close,
    nan: "spreads",
    cases: rows.map((shape) => ({
      operands: { gate: given(shape, { scale: 4 }), up: given(shape) },
      attrs: {},
    })),
  },
  rope: {
    tolerance: close,
    nan: "never",
    cases: ([
      [[1, 12], 1, 1],
      [[5, 48], 2, 9],
      [[2, 7, 96], 4, 8],
      [[0, 48], 2, 9],
    ] as [Shape, number, number][]).map(([qkv, heads, positions]) => ({
      operands: {
        qkv: given(qkv),
        table: given([positions, qkv.at(-1)! / 3 / heads]),
        position: integers(qkv.slice(0, -1), positions),
      },
      attrs: { heads },
    })),
  },
  attention: {
    tolerance: product,
    nan: "spreads",
    cases: ([
      [[1, 1, 12], 1],
      [[2, 5, 24], 2],
      [[1, 33, 96], 4],
      [[3, 64, 192], 2],
      [[2, 7, 72], 2],
      [[1, 300, 192], 1],
      [[0, 4, 24], 2],
    ] as [Shape, number][]).map(([qkv, heads]) => ({
      operands: { qkv: given(qkv, { scale: 2 }) },
      attrs: { heads },
    })),
  },
  attention_step: {
    tolerance: product,
    nan: "spreads",
    cases: ([
      [[1, 12], 1, 1, 1],
      [[2, 48], 2, 5, 5],
      [[3, 96], 4, 40, 33],
      [[2, 72], 2, 6, 6],
      [[1, 192], 1, 131, 131],
      [[16, 48], 1, 3, 2],
    ] as [Shape, number, number, number][]).flatMap(([qkv, heads, positions, runs]) => {
      const head = qkv[1]! / 3 / heads, table = given([positions, head]);
      return [false, true].flatMap((f16) => {
        const operands = {
          qkv: given(qkv, { scale: 2 }),
          cache: state([qkv[0]!, 2, heads, positions, head], f16),
          position: counting([qkv[0]!]),
        };
        const attrs = { heads, f16 };
        return [{ operands, attrs, runs }, { operands: { ...operands, table }, attrs, runs }];
      });
    }),
  },
  philox: {
    tolerance: exact,
    nan: "never",
    cases: [1, 7, 100, 0].map((n) => ({
      operands: { key: integers([n, 2], 2 ** 32), counter: integers([n, 4], 2 ** 32) },
      attrs: {},
    })),
  },
  guide: {
    tolerance: exact,
    nan: "spreads",
    cases: ([[2, 1], [2, 64], [6, 513], [0, 4]] as Shape[]).map((logits) => ({
      operands: {
        logits: given(logits, { scale: 8 }),
        scale: given([logits[0]! / 2], { offset: 4, scale: 4 }),
      },
      attrs: {},
    })),
  },
  sample: {
    tolerance: exact,
    nan: "compares",
    nanIn: ["logits"],
    cases: ([
      [[1, 1], 0, 1],
      [[5, 64], 0, 2],
      [[8, 513], 1, 1],
      [[3, 4096], 3, 2],
      [[0, 8], 0, 1],
    ] as [Shape, number, number][]).flatMap(([logits, word, repeat]) => {
      const n = [logits[0]!];
      const operands = {
        logits: given(logits, { scale: 5 }),
        temperature: given(n, { offset: 1, scale: 0.5 }),
        topK: integers(n, 20),
        topP: given(n, { offset: 0.7, scale: 0.3 }),
        random: integers([logits[0]!, 4], 2 ** 32),
      };
      const all = { topK: integers(n, 1), topP: given(n, { offset: 1, scale: 0 }) };
      const greedy = { temperature: given(n, { scale: 0 }) };
      return [{}, all, greedy].map((change) => ({
        operands: { ...operands, ...change },
        attrs: { word, repeat },
      }));
    }),
  },
};
