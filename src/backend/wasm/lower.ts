import { firstOfTraining } from "./_generated_opcodes.ts";
import type { Tensor } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Command } from "./commands.ts";
import { align } from "./heap.ts";
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
import type { Addresses, LoweredOp, Rules, TrainingKernels } from "./lowering.ts";
import { ScratchBuffer } from "./scratch.ts";

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

/** The commands that compute `tensor`. Throws `BackendError` where they would need kernels of training. */
export function lower(tensor: Tensor, at: Addresses, training?: TrainingKernels): Command[] {
  const rules = training?.lowering ?? inference;
  const rule = rules[tensor.op as keyof typeof rules] as
    | ((tensor: Tensor, at: Addresses) => Command[])
    | undefined;
  const commands = rule?.(tensor, at);
  if (commands && (training || commands.every(({ opcode }) => opcode < firstOfTraining))) return commands;
  throw new BackendError(`Cannot lower ${tensor.op}`, {
    expected: "a program of inference",
    got: "an op, or weights that a run computes, which only training has",
    hint: "set the backend up for training",
  });
}

/** Bytes of scratch memory that the rule of `tensor`'s op requests. */
export function scratchBytes(
  tensor: Tensor,
  { packed, training }: { packed: (weight: Tensor) => boolean; training?: TrainingKernels },
): number {
  const scratch = new ScratchBuffer(0);
  lower(tensor, { of: (operand) => operand ? align : 0, packed, scratch: scratch.take }, training);
  return scratch.bytes;
}
