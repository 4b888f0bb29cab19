import { inputsOf, type Tensor } from "../../graph/ops.ts";
import { viewed } from "../../graph/views.ts";
import type { Graph } from "../../graph/trace.ts";

/** Values that stay f32: the caller's, and affine parameters of norms, whose shifts may be much larger than the result. */
const exact: readonly string[] = ["input", "group_norm_affine"];
/** Ops that copy 32-bit words of any type. Their operands and results are not stored as f16. */
const movers: readonly string[] = ["slice", "concat", "select"];

/** Ops of training that sum over many elements. */
const sums: readonly string[] = ["sum", "mean", "channel_sums", "conv_weight_grad", "matmul"];
/** Ops that update parameters, and those through which the gradients of parameters reach them. */
const updates: readonly string[] = ["assign", "adam", "square_sum"];
const arithmetic: readonly string[] = ["add", "sub", "mul", "div", "clamp"];

/**
 * Which of the `tensors` of a graph are stored as f16: intermediate results only, not inputs and outputs.
 *
 * In training these are maps and sequences, and their gradients. Losses, statistics, sums, latents (whose signs are codes)
 * and gradients of parameters stay f32, from where they are summed up to the update.
 */
export function keptAsF16(graph: Graph, tensors: readonly Tensor[]): Set<Tensor> {
  const kept = new Set(tensors.filter(({ op, dtype }) => dtype === "f32" && !exact.includes(op)));
  const stays = (tensor: Tensor) => kept.delete(viewed(tensor));
  Object.values(graph.outputs).forEach(stays);
  for (const tensor of graph.tensors.filter(({ op }) => movers.includes(op))) {
    [tensor, ...inputsOf(tensor)].forEach(stays);
  }
  if (graph.effects.length === 0) return kept;
  for (const tensor of tensors) {
    if (!isMap(tensor) || sums.includes(tensor.op)) stays(tensor);
    if (tensor.op === "pack_bits") inputsOf(tensor).forEach(stays);
  }
  const behind = graph.tensors.filter(({ op }) => updates.includes(op)), seen = new Set<Tensor>();
  while (behind.length > 0) {
    for (const read of inputsOf(behind.pop()!).map(viewed)) {
      stays(read);
      if (isArithmetic(read) && !seen.has(read)) behind.push(read);
      seen.add(read);
    }
  }
  return kept;
}

/** Whether a tensor is a map `[N,h,w,C]` or a sequence `[N,positions,C]`, of more than one position. */
function isMap({ shape }: Tensor): boolean {
  return shape.length >= 3 && shape.slice(1, -1).some((length) => length > 1);
}

function isArithmetic(tensor: Tensor): boolean {
  return (tensor.op === "unary" || tensor.op === "binary") && arithmetic.includes(tensor.attrs.fn);
}
