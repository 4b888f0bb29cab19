import { inputsOf, type Tensor, viewed } from "../../graph/ops.ts";
import { type ArenaPlan, type Lifetime, planArena } from "../../graph/plan_memory.ts";
import type { Graph } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command, Operand, Scratch, Target } from "./commands.ts";
import { lower } from "./lower.ts";

/** Ops whose values are not in the arena: kept from run to run, or views of another's. */
const elsewhere: readonly string[] = ["param", "constant", "state", "reshape", "straight_through"];
/** Ops that are not computed. */
const leaves: readonly string[] = ["input", ...elsewhere];

/** Ops that move words, whatever they mean: what they read and give is not kept as halves. */
const movers: readonly string[] = ["slice", "concat", "select"];

/** Ops that sum over many elements, and those that take in what becomes of parameters. */
const exactInTraining: readonly string[] = ["sum", "mean", "channel_sums", "conv2d_weight_grad"];
const updates: readonly string[] = ["assign", "adam", "square_sum"];

/** A program's commands, and where in the arena they work. */
export interface Layout {
  readonly commands: readonly Command[];
  readonly plan: ArenaPlan;
  /** The buffer of each tensor in the arena. */
  readonly tensors: ReadonlyMap<Tensor, number>;
  /** The buffer of each scratch. */
  readonly scratch: ReadonlyMap<Scratch, number>;
  /** Tensors that are kept as halves. */
  readonly halves: ReadonlySet<Tensor>;
  /** Bytes of each buffer, without what aligns or guards it. */
  readonly sizes: readonly number[];
}

/** How the arena is planned. */
export interface LayoutOptions {
  readonly target: Target;
  /** Offsets are multiples of this. */
  readonly align: number;
  /** Bytes after each buffer that nothing may write; then no buffer shares its place with another. */
  readonly guard: number;
  /** Whether what is neither input nor output is kept as halves. */
  readonly halves?: boolean;
}

/** Whether an operand is a tensor. */
export function isTensor(operand: Operand): operand is Tensor {
  return "op" in operand;
}

/** Lowers a fused graph; one arena for all that lives during a run: inputs from its start, outputs to its end. */
export function planLayout(graph: Graph, { target, align, guard, halves = false }: LayoutOptions): Layout {
  const commands: Command[] = [];
  const tensors = new Map<Tensor, number>(), scratch = new Map<Scratch, number>();
  const kept = halves ? keptAsHalves(graph) : new Set<Tensor>();
  const sizes: number[] = [], lifetimes: { bytes: number; first: number; last: number }[] = [];
  const steps = graph.tensors.filter(({ op }) => !leaves.includes(op));
  const stepOf = new Map(steps.map((tensor, step) => [tensor, step]));
  const end = steps.length, stateful = graph.tensors.some(({ op }) => op === "state");
  const add = ({ bytes, first, last }: Lifetime): number => {
    sizes.push(bytes);
    // An empty tensor has a place, too: bindings must not be empty.
    const room = Math.max(bytes, 4) + guard;
    return lifetimes.push(guard ? { bytes: room, first: 0, last: end } : { bytes: room, first, last }) - 1;
  };
  for (const tensor of graph.tensors) {
    if (elsewhere.includes(tensor.op) || viewed(tensor) !== tensor) continue;
    const step = stepOf.get(tensor) ?? -1;
    // Where runs follow each other on the device, inputs are only written when they change.
    const last = stateful && tensor.op === "input" ? end : step;
    // Whole words, for guards behind them.
    const bytes = 4 * Math.ceil(sizeOf(tensor.shape) / (kept.has(tensor) ? 2 : 1));
    tensors.set(tensor, add({ bytes, first: step, last }));
  }
  const extend = (tensor: Tensor, step: number) => {
    const buffer = tensors.get(tensor);
    if (buffer !== undefined) lifetimes[buffer]!.last = Math.max(lifetimes[buffer]!.last, step);
  };
  steps.forEach((tensor, step) => {
    for (const read of inputsOf(tensor)) extend(viewed(read), step);
    for (const command of lower(tensor, target)) {
      commands.push(command);
      for (const operand of Object.values(command.bindings)) {
        if (!operand || !("scratch" in operand) || scratch.has(operand)) continue;
        scratch.set(operand, add({ bytes: operand.bytes, first: step, last: step }));
      }
    }
  });
  for (const output of Object.values(graph.outputs)) extend(viewed(output), end);
  return { commands, plan: planArena(lifetimes, align), tensors, scratch, halves: kept, sizes };
}

/**
 * What lies between inputs and outputs, but for the scales of norms: their shifts may be large beside what they leave. In
 * training also but for what is no map or sequence (losses, gradients of parameters), and for sums.
 */
function keptAsHalves({ tensors, outputs, effects }: Graph): Set<Tensor> {
  const kept = new Set(
    tensors.filter(({ op, dtype }) =>
      dtype === "f32" && op !== "input" && op !== "group_norm_affine" && !elsewhere.includes(op)
    ),
  );
  for (const output of Object.values(outputs)) kept.delete(viewed(output));
  for (const tensor of tensors.filter(({ op }) => movers.includes(op))) {
    for (const moved of [tensor, ...inputsOf(tensor)]) kept.delete(viewed(moved));
  }
  if (effects.length === 0) return kept;
  for (const tensor of tensors) {
    const wide = tensor.shape.length < 3 || exactInTraining.includes(tensor.op);
    for (const stays of [...wide ? [tensor] : [], ...updates.includes(tensor.op) ? inputsOf(tensor) : []]) {
      kept.delete(viewed(stays));
    }
  }
  return kept;
}
