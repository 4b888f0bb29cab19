import type { WeightSource } from "../../src/backend/backend.ts";
import { apply, input, param } from "../../src/graph/build.ts";
import type { Attrs, Inputs, OpName, Tensor } from "../../src/graph/ops.ts";
import { type Graph, graphOf } from "../../src/graph/trace.ts";
import { formatShape, type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor, type GraphDType, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";

/** Ops that have cases: all but the leaves that only name a value. */
export type CaseOp = Exclude<OpName, "input" | "param">;

/** An op's operand in a case: its shape, whether each run gives it or the weights, and the range of its values. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: GraphDType;
  readonly from: "run" | "weights";
  /** Values lie in [offset − scale, offset + scale), of u32 in [0, scale). */
  readonly scale: number;
  readonly offset: number;
}

/** One use of op `O`. */
export interface CaseSpec<O extends OpName> {
  readonly operands: { readonly [K in keyof Inputs<O>]: Operand };
  readonly attrs: Attrs<O>;
}

/** A case made ready: `y` of the graph is what the op gives. */
export interface OpCase {
  readonly op: CaseOp;
  readonly title: string;
  readonly graph: Graph;
  readonly operands: Readonly<Record<string, Operand>>;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly weights: WeightSource;
}

/** An f32 operand given by the run, of values around `offset`. */
export function given(
  shape: Shape,
  { scale = 1, offset = 0 }: { scale?: number; offset?: number } = {},
): Operand {
  return { shape, dtype: "f32", from: "run", scale, offset };
}

/** A u32 operand given by the run, of values below `below`. */
export function integers(shape: Shape, below: number): Operand {
  return { shape, dtype: "u32", from: "run", scale: below, offset: 0 };
}

/** An operand from the weights, of a weight's usual values for its name and shape. */
export function weight(shape: Shape): Operand {
  return { shape, dtype: "f32", from: "weights", scale: 1, offset: 0 };
}

/** Values of an operand: the same in every run and on every machine. */
export function valuesOf(name: string, { shape, dtype, from, scale, offset }: Operand): HostTensor {
  if (from === "weights") return f32Tensor(shape, hashedWeight(name, shape));
  if (dtype === "f32") return f32Tensor(shape, hashed(name, shape, { scale, offset }));
  return u32Tensor(shape, Uint32Array.from(hashed(name, shape), (u) => Math.floor((u + 1) / 2 * scale)));
}

/** Makes a case ready. `change` may replace the values of operands. */
export function makeCase<O extends CaseOp>(
  op: O,
  { operands, attrs }: CaseSpec<O>,
  change: (name: string, values: HostTensor) => HostTensor = (_, values) => values,
): OpCase {
  const named = operands as Readonly<Record<string, Operand>>;
  const handles: Record<string, Tensor> = {};
  const values: Record<string, HostTensor> = {};
  for (const [name, operand] of Object.entries(named)) {
    handles[name] = operand.from === "run" ? input(name, operand) : param(name, operand.shape);
    values[name] = change(name, valuesOf(name, operand));
  }
  const ofWeights = Object.entries(named).filter(([, { from }]) => from === "weights");
  return {
    op,
    title: [
      ...Object.entries(named).map(([name, { shape }]) => `${name} ${formatShape(shape)}`),
      ...Object.entries(attrs).map(([name, value]) => `${name} ${describe(value)}`),
    ].join(", "),
    graph: graphOf({ y: apply(op, handles as unknown as Inputs<O>, attrs) }),
    operands: named,
    inputs: Object.fromEntries(Object.entries(values).filter(([name]) => named[name]!.from === "run")),
    weights: {
      shapes: new Map(ofWeights.map(([name, { shape }]) => [name, shape])),
      read: (name) => Promise.resolve(values[name]!.data as Float32Array),
    },
  };
}

/** Elements of all operands together. */
export function elementsOf({ operands }: OpCase): number {
  return Object.values(operands).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return formatShape(value);
  return typeof value === "object" && value !== null && "shape" in value
    ? formatShape(value.shape as Shape)
    : String(value);
}
