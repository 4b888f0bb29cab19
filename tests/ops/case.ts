import type { WeightSource } from "../../src/backend/backend.ts";
import { apply, constant, input, param } from "../../src/graph/build.ts";
import { type BinaryFn, binaryFunctions, type UnaryFn, unaryFunctions } from "../../src/graph/functions.ts";
import type { Attrs, Inputs, OpName, Tensor } from "../../src/graph/ops.ts";
import { type Graph, graphOf } from "../../src/graph/trace.ts";
import { formatShape, type Shape, sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor, type GraphDType, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";

/** Ops that have cases: all but the leaves that only name a value or a place for one. */
export type CaseOp = Exclude<OpName, "input" | "param" | "state">;
/** What has cases: every op, and every function of `unary` and `binary`. */
export type CaseName = Exclude<CaseOp, "unary" | "binary"> | UnaryFn | BinaryFn;
/** The op that a name in the table stands for. */
export type OpOf<N extends CaseName> = N extends UnaryFn ? "unary" : N extends BinaryFn ? "binary" : N;

/** The op that `name` stands for. */
export function opOf(name: CaseName): CaseOp {
  return name in unaryFunctions ? "unary" : name in binaryFunctions ? "binary" : name as CaseOp;
}

/**
 * An op's operand in a case: its shape, whether each run gives it (`count`: the run's number), or the weights, or it is
 * a state or a constant, and the range of its values.
 */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: GraphDType;
  readonly from: "run" | "count" | "weights" | "state" | "constant";
  /** Whether a state keeps its elements as f16. */
  readonly f16?: boolean;
  /** Values lie in [offset − scale, offset + scale), of u32 in [0, scale). */
  readonly scale: number;
  readonly offset: number;
}

/** One use of op `O`. */
export interface CaseSpec<O extends OpName> {
  readonly operands: { readonly [K in keyof Inputs<O>]: Operand };
  readonly attrs: Attrs<O>;
  /**
   * How often the program runs, each time with other inputs; the last run counts. Twice if not given, so that what the
   * first leaves behind must not matter.
   */
  readonly runs?: number;
}

/** A case made ready: `y` of the graph is what the op gives. */
export interface OpCase {
  readonly name: CaseName;
  readonly title: string;
  readonly graph: Graph;
  readonly operands: Readonly<Record<string, Operand>>;
  /** The inputs of each run. */
  readonly runs: readonly Readonly<Record<string, HostTensor>>[];
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

/** The same as a constant, which no check sees. */
export function constants(shape: Shape, below: number): Operand {
  return { ...integers(shape, below), from: "constant" };
}

/** An operand from the weights, of a weight's usual values for its name and shape. */
export function weight(shape: Shape): Operand {
  return { shape, dtype: "f32", from: "weights", scale: 1, offset: 0 };
}

/** A u32 operand that is 0 everywhere in the first run, 1 in the second, and so on. */
export function counting(shape: Shape): Operand {
  return { shape, dtype: "u32", from: "count", scale: 0, offset: 0 };
}

/** A state, of zeros before the first run. */
export function state(shape: Shape, f16: boolean): Operand {
  return { shape, dtype: "f32", from: "state", scale: 0, offset: 0, f16 };
}

/** Values of an operand in a run: the same on every machine. */
export function valuesOf(name: string, operand: Operand, run: number): HostTensor {
  const { shape, dtype, from, scale, offset } = operand, seed = run > 0 ? `${name} ${run}` : name;
  if (from === "count") return u32Tensor(shape, new Uint32Array(sizeOf(shape)).fill(run));
  if (from === "weights") return f32Tensor(shape, hashedWeight(name, shape));
  if (dtype === "f32") return f32Tensor(shape, hashed(seed, shape, { scale, offset }));
  return u32Tensor(shape, Uint32Array.from(hashed(seed, shape), (u) => Math.floor((u + 1) / 2 * scale)));
}

/** Makes a case ready. `change` may replace the values of operands. */
export function makeCase<N extends CaseName>(
  name: N,
  { operands, attrs, runs = 2 }: CaseSpec<OpOf<N>>,
  change: (name: string, values: HostTensor) => HostTensor = (_, values) => values,
): OpCase {
  const named = Object.entries(operands as Readonly<Record<string, Operand>>);
  const valued = (run: number, wanted: (from: Operand["from"]) => boolean) =>
    Object.fromEntries(
      named.filter(([, { from }]) => wanted(from))
        .map(([name, operand]) => [name, change(name, valuesOf(name, operand, run))]),
    );
  const weights = valued(0, (from) => from === "weights");
  return {
    name,
    title: [
      ...named.map(([name, { shape }]) => `${name} ${formatShape(shape)}`),
      ...Object.entries(attrs).map(([name, value]) => `${name} ${describe(value)}`),
    ].join(", "),
    graph: graphOf({
      y: apply(
        opOf(name) as OpOf<N>,
        Object.fromEntries(
          named.map(([name, operand]) => [name, handle(name, operand)]),
        ) as unknown as Inputs<OpOf<N>>,
        attrs,
      ),
    }),
    operands: operands as Readonly<Record<string, Operand>>,
    runs: Array.from(
      { length: runs },
      (_, run) => valued(run, (from) => from === "run" || from === "count"),
    ),
    weights: {
      shapes: new Map(Object.entries(weights).map(([name, { shape }]) => [name, shape])),
      read: (name) => Promise.resolve(weights[name]!.data as Float32Array),
    },
  };
}

/** The operand `name` as a graph has it. */
export function handle(name: string, operand: Operand): Tensor {
  const { shape, dtype, from, f16 } = operand;
  if (from === "constant") return constant(valuesOf(name, operand, 0));
  if (from === "weights") return param(name, shape);
  if (from === "state") return apply("state", {}, { name, shape, dtype, f16 });
  return input(name, { shape, dtype });
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
