import { inputsOf, type OpName, type Tensor } from "../../graph/ops.ts";
import { isComputed, viewed } from "../../graph/views.ts";
import { type ArenaPlan, type Lifetime, planArena } from "../../graph/plan_memory.ts";
import type { Graph } from "../../graph/trace.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { align } from "./heap.ts";
import { scratchBytes } from "./lower.ts";
import type { TrainingKernels } from "./lowering.ts";

/** Ops whose values outlast a run, in blocks of their own. */
const kept: readonly string[] = ["constant", "state"];

/** Where a program's tensors lie. */
export interface Layout {
  readonly plan: ArenaPlan;
  /** The tensors to compute, in order. */
  readonly steps: readonly Tensor[];
  /** The buffer of each step's scratch. */
  readonly scratch: readonly number[];
  /** The buffer of each tensor that is neither a weight, nor kept, nor a view. */
  readonly buffers: ReadonlyMap<Tensor, number>;
  /** Bytes of each buffer. */
  readonly sizes: readonly number[];
  /** Tensors in blocks of their own. */
  readonly kept: readonly Tensor[];
}

/** Bytes of a tensor's elements. Kernels work on whole vectors: the alignment of buffers makes room for the last. */
export function bytesOf(tensor: Tensor): number {
  return (tensor.op === "state" && tensor.attrs.f16 ? 2 : 4) * sizeOf(tensor.shape);
}

/**
 * One arena for all that lives during a run: inputs from its start, outputs to its end, others while needed. A result
 * takes the place of an input that ends with it where its kernel allows that: a sum that of the residual, which saves one
 * of the three maps that a ResBlock would hold. `packed` says
 * which weights lie packed; for those that do not there is room to pack them. `training` is for graphs of training.
 */
export function planLayout(
  graph: Graph,
  { packed = ({ op }) => op === "param", training }: {
    packed?: (weight: Tensor) => boolean;
    training?: TrainingKernels;
  } = {},
): Layout {
  const steps = graph.tensors.filter(isComputed);
  const stepOf = new Map(steps.map((tensor, step) => [tensor, step]));
  const lastReads = new Map<Tensor, number>();
  steps.forEach((tensor, step) => inputsOf(tensor).forEach((read) => lastReads.set(viewed(read), step)));
  for (const output of Object.values(graph.outputs)) lastReads.set(viewed(output), steps.length);

  const buffers = new Map<Tensor, number>();
  const lifetimes: { bytes: number; first: number; last: number }[] = [];
  const add = (lifetime: Lifetime): number => lifetimes.push({ ...lifetime }) - 1;
  for (const tensor of graph.tensors) {
    if (tensor.op === "param" || viewed(tensor) !== tensor || kept.includes(tensor.op)) continue;
    const step = stepOf.get(tensor) ?? -1, last = lastReads.get(tensor) ?? step;
    const place = taken(tensor, { buffers, ends: (input) => lastReads.get(input) === step });
    if (place === undefined) buffers.set(tensor, add({ bytes: bytesOf(tensor), first: step, last }));
    else {
      buffers.set(tensor, place);
      lifetimes[place]!.last = last;
    }
  }
  const scratch = steps.map((tensor, step) =>
    add({ bytes: scratchBytes(tensor, { packed, training }), first: step, last: step })
  );
  return {
    plan: planArena(lifetimes, align),
    steps,
    scratch,
    buffers,
    sizes: lifetimes.map(({ bytes }) => bytes),
    kept: graph.tensors.filter((tensor) => kept.includes(tensor.op)),
  };
}

/**
 * Inputs whose place a result may take where they end with it: their kernels read each element at no other place than
 * where they write, or before anything is written there.
 */
const inPlace: { readonly [O in OpName]?: readonly string[] } = {
  conv: ["residual"],
  linear: ["residual"],
  unary: ["x"],
  binary: ["a", "b"],
  swiglu: ["gate", "up"],
  rms_norm: ["x"],
  rope: ["qkv"],
  dropout: ["x"],
  silu_grad: ["dy", "x"],
  leaky_relu_grad: ["dy", "x"],
  swiglu_grad: ["dy", "up", "gate"],
  rms_norm_grad: ["dy", "x"],
  group_norm_grad: ["dy", "x"],
  cross_entropy_grad: ["logits"],
};

/** The buffer of an input that ends with `step` and that the result may take, if there is one. */
function taken(
  tensor: Tensor,
  { buffers, ends }: { buffers: ReadonlyMap<Tensor, number>; ends: (tensor: Tensor) => boolean },
): number | undefined {
  const reads = inputsOf(tensor).map(viewed), inputs = tensor.inputs as Record<string, Tensor | undefined>;
  for (const name of inPlace[tensor.op] ?? []) {
    const input = inputs[name] && viewed(inputs[name]);
    const fits = input && sizeOf(input.shape) === sizeOf(tensor.shape);
    if (fits && ends(input) && reads.filter((read) => read === input).length === 1) return buffers.get(input);
  }
}
