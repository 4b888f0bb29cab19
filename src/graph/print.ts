import { formatShape, sizeOf } from "../tensor/shape.ts";
import { bytesMoved, flopOf } from "./flop.ts";
import { inputsOf, operationOf, type Tensor } from "./ops.ts";
import { type Graph, tensorsOf } from "./trace.ts";
import { isLeaf } from "./views.ts";

/** What a backend's plan says of the memory that a graph needs. */
export interface GraphMemory {
  /** Bytes of the arena that holds everything between inputs and outputs. */
  readonly arenaBytes: number;
  /** The largest sum of tensors alive at once. */
  readonly liveBytes: number;
}

/** One op of a graph, as the dump shows it. */
export interface GraphLine {
  /** Number of the op in the order of computation, from 1. */
  readonly id: number;
  readonly op: string;
  /** Sizes, strides and what was fused into it. */
  readonly detail: string;
  /** The ops, inputs and constants that it reads; weights stand in `weights`. */
  readonly reads: readonly string[];
  /** Names of the weights. */
  readonly weights: readonly string[];
  readonly shape: readonly number[];
  readonly flop: number;
  /** Bytes read and written, each tensor once. */
  readonly bytes: number;
}

/** A printable graph: its ops in order, and totals of arithmetic and memory. */
export interface GraphDump {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, { readonly id: number; readonly shape: readonly number[] }>>;
  readonly lines: readonly GraphLine[];
  readonly flop: number;
  readonly bytes: number;
  /** Numbers in all weights. */
  readonly parameters: number;
  readonly memory: GraphMemory;
}

/** Describes a graph, best a fused one. */
export function dumpGraph(graph: Graph, memory: GraphMemory): GraphDump {
  const steps = graph.tensors.filter((tensor) => tensor.op === "state" || !isLeaf(tensor));
  const ids = new Map(steps.map((tensor, i) => [tensor, i + 1]));
  const lines = steps.map((tensor, i): GraphLine => ({
    id: i + 1,
    op: operationOf(tensor),
    detail: detailOf(tensor),
    reads: inputsOf(tensor).filter(({ op }) => op !== "param").map((read) => nameOf(read, ids)),
    weights: inputsOf(tensor).flatMap((read) => read.op === "param" ? [read.attrs.name] : []),
    shape: tensor.shape,
    flop: flopOf(tensor),
    bytes: bytesMoved(tensor),
  }));
  const parameters = tensorsOf(graph, "param");
  return {
    inputs: Object.fromEntries(tensorsOf(graph, "input").map(({ attrs }) => [attrs.name, attrs.shape])),
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map((
        [name, tensor],
      ) => [name, { id: ids.get(tensor) ?? 0, shape: tensor.shape }]),
    ),
    lines,
    flop: lines.reduce((sum, { flop }) => sum + flop, 0),
    bytes: lines.reduce((sum, { bytes }) => sum + bytes, 0),
    parameters: parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    memory,
  };
}

/** A dump as aligned text, one op a line, with totals below. */
export function printGraph(dump: GraphDump): string {
  const shapes = (tensors: GraphDump["inputs"]) =>
    Object.entries(tensors).map(([name, shape]) => `${name} ${formatShape(shape)}`).join(", ");
  const rows = dump.lines.map(({ id, op, detail, reads, weights, shape, flop, bytes }) => [
    `${id}`,
    [op, detail].filter(Boolean).join(" "),
    formatShape(shape),
    reads.join(" "),
    flop ? (flop / 1e6).toFixed(2) : "",
    bytes ? (bytes / 1e6).toFixed(2) : "",
    commonName(weights),
  ]);
  const outputs = Object.entries(dump.outputs).map(([name, { id, shape }]) =>
    `${name} ${formatShape(shape)} = #${id}`
  );
  const { arenaBytes, liveBytes } = dump.memory;
  return [
    `inputs   ${shapes(dump.inputs)}`,
    `outputs  ${outputs.join(", ")}`,
    "",
    ...alignColumns([["#", "op", "result", "reads", "MFLOP", "MB", "weights"], ...rows], [0, 4, 5]),
    "",
    ...alignColumns([
      ["ops", `${dump.lines.length}`],
      ["arithmetic", `${(dump.flop / 1e9).toFixed(3)} GFLOP`],
      ["memory traffic", `${megabytes(dump.bytes)}, each tensor once an op`],
      ["weights", `${(dump.parameters / 1e6).toFixed(2)} M, ${megabytes(4 * dump.parameters)} in f32`],
      ["arena", `${megabytes(arenaBytes)}; ${megabytes(liveBytes)} alive at once at most`],
    ]),
  ].join("\n");
}

/** Formats rows as lines with aligned columns. Those in `right` are aligned to the right. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
    )
      .join("  ").trimEnd()
  );
}

/** Bytes as text: `12.34 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function nameOf(tensor: Tensor, ids: ReadonlyMap<Tensor, number>): string {
  if (tensor.op === "input") return tensor.attrs.name;
  if (tensor.op === "constant") {
    const { data, shape } = tensor.attrs.value;
    return data.length === 1 ? `${Number(data[0]!.toPrecision(6))}` : `constant${formatShape(shape)}`;
  }
  return `#${ids.get(tensor)}`;
}

/** What the op's attributes say, and what fusion has put into it. */
function detailOf(tensor: Tensor): string {
  switch (tensor.op) {
    case "conv": {
      const { inputs: { weight, affine, residual, bias }, attrs } = tensor;
      const before = [affine && "norm", attrs.swish && "swish"];
      const after = [bias && "bias", residual && "residual", attrs.depthToSpace && "depth-to-space"];
      const size = weight.shape.slice(2).join("×") + strideOf(attrs.stride);
      return [
        ...before.filter(Boolean).map((name) => `${name} →`),
        size,
        ...after.filter(Boolean).map((name) => `+ ${name}`),
      ]
        .join(" ");
    }
    case "pool":
      return `${tensor.attrs.fn} ${tensor.attrs.kernel.join("×")}${strideOf(tensor.attrs.stride)}`;
    case "channel_affine":
      return tensor.attrs.swish ? "→ swish" : "";
    case "group_norm":
    case "group_norm_affine":
      return `${tensor.attrs.groups} groups`;
    case "mean":
      return `over ${tensor.attrs.axes.join(",")}`;
    case "unpack_bits":
      return `${tensor.attrs.bits} bits`;
    default:
      return "";
  }
}

/** A stride other than 1, as one number where it is the same along all axes. */
function strideOf(stride: readonly number[]): string {
  if (stride.every((step) => step === 1)) return "";
  return ` stride ${new Set(stride).size > 1 ? stride.join("×") : stride[0]}`;
}

/** The names as one: `a.conv.weight`, `a.conv.bias` as `a.conv.{weight,bias}`. */
function commonName(names: readonly string[]): string {
  const [first, ...more] = names;
  if (first === undefined || more.length === 0) return first ?? "";
  const parent = first.slice(0, first.lastIndexOf(".") + 1);
  return names.every((name) => name.startsWith(parent))
    ? `${parent}{${names.map((name) => name.slice(parent.length)).join(",")}}`
    : names.join(" ");
}
