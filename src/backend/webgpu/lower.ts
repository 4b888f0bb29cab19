import type { Tensor } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Command } from "./commands.ts";
import { attentionLowering } from "./lower/attention.ts";
import { convLowering } from "./lower/conv.ts";
import { elementwiseLowering } from "./lower/elementwise.ts";
import { linearLowering } from "./lower/linear.ts";
import { normLowering } from "./lower/norm.ts";
import { poolLowering } from "./lower/pool.ts";
import { quantizeLowering } from "./lower/quantize.ts";
import { reduceLowering } from "./lower/reduce.ts";
import { samplingLowering } from "./lower/sampling.ts";
import { shapeLowering } from "./lower/shape.ts";
import { type LoweredOp, notForTraining, type Rules, type Target } from "./lowering.ts";

/** How ops become commands of the kernels that inference needs. */
const inference: Partial<Rules<LoweredOp>> = {
  ...elementwiseLowering,
  ...shapeLowering,
  ...reduceLowering,
  ...linearLowering,
  ...convLowering,
  ...poolLowering,
  ...normLowering,
  ...attentionLowering,
  ...quantizeLowering,
  ...samplingLowering,
};

/** The commands that compute `tensor`: none if it is empty. Throws `BackendError` for an op of training. */
export function lower(tensor: Tensor, target: Target): Command[] {
  const rules = target.training?.lowering ?? inference;
  const rule = rules[tensor.op as LoweredOp] as ((tensor: Tensor, target: Target) => Command[]) | undefined;
  if (!rule) throw notForTraining(tensor.op);
  if (sizeOf(tensor.shape) === 0) return [];
  const sources = target.training?.sources;
  return rule(tensor, target).map((command) => ({ ...command, source: sources?.[command.kernel] }));
}
