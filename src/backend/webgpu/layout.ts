import { inputsOf, type Tensor } from "../../graph/ops.ts";
import { isComputed, viewed } from "../../graph/views.ts";
import { type ArenaPlan, type Lifetime, planArena } from "../../graph/plan_memory.ts";
import type { Graph } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command, Operand, Scratch } from "./commands.ts";
import { keptAsF16 } from "./f16.ts";
import { lower } from "./lower.ts";
import type { Target } from "./lowering.ts";

/** A program's commands, and where in the arena they work. */
export interface Layout {
  readonly commands: readonly Command[];
  readonly plan: ArenaPlan;
  /** The buffer of each tensor in the arena. */
  readonly tensors: ReadonlyMap<Tensor, number>;
  /** The buffer of each scratch. */
  readonly scratch: ReadonlyMap<Scratch, number>;
  /** Tensors that are kept as f16. */
  readonly f16: ReadonlySet<Tensor>;
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
  /** Whether what is neither input nor output is kept as f16. */
  readonly f16?: boolean;
}

/** Whether an operand is a tensor. */
export function isTensor(operand: Operand): operand is Tensor {
  return "op" in operand;
}

/** Lowers a fused graph; one arena for all that lives during a run: inputs from its start, outputs to its end. */
export function planLayout(graph: Graph, { target, align, guard, f16 = false }: LayoutOptions): Layout {
  const commands: Command[] = [];
  const tensors = new Map<Tensor, number>(), scratch = new Map<Scratch, number>();
  // Weights, constants and states lie outside the arena; views and writers of states show another tensor's memory.
  const placed = graph.tensors.filter((tensor) =>
    tensor.op === "input" || (isComputed(tensor) && viewed(tensor) === tensor)
  );
  const kept = f16 ? keptAsF16(graph, placed) : new Set<Tensor>();
  const sizes: number[] = [], lifetimes: { bytes: number; first: number; last: number }[] = [];
  const steps = graph.tensors.filter(isComputed);
  const stepOf = new Map(steps.map((tensor, step) => [tensor, step]));
  const end = steps.length, stateful = graph.tensors.some(({ op }) => op === "state");
  const add = ({ bytes, first, last }: Lifetime): number => {
    sizes.push(bytes);
    // An empty tensor has a place, too: bindings must not be empty.
    const room = Math.max(bytes, 4) + guard;
    return lifetimes.push(guard ? { bytes: room, first: 0, last: end } : { bytes: room, first, last }) - 1;
  };
  for (const tensor of placed) {
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
  return { commands, plan: planArena(lifetimes, align), tensors, scratch, f16: kept, sizes };
}
