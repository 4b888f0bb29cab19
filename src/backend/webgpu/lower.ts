import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { inferenceLowering } from "./lower/inference.ts";
import { notForTraining, type Target } from "./lowering.ts";

/** The commands that compute `tensor`: none if it is empty. Throws `BackendError` for an op of training. */
export function lower(tensor: Tensor, target: Target): Command[] {
  const rules = target.training?.lowering ?? inferenceLowering;
  const rule = rules[tensor.op as keyof typeof rules] as
    | ((tensor: Tensor, target: Target) => Command[])
    | undefined;
  if (!rule) throw notForTraining(tensor.op);
  if (sizeOf(tensor.shape) === 0) return [];
  const sources = target.training?.sources;
  return rule(tensor, target).map((command) => ({ ...command, source: sources?.[command.kernel] }));
}
