import { firstOfTraining } from "./_generated_opcodes.ts";
import type { Tensor } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import type { Command } from "./commands.ts";
import { align } from "./heap.ts";
import { inferenceLowering } from "./lower/inference.ts";
import type { Addresses, TrainingKernels } from "./lowering.ts";
import { ScratchBuffer } from "./scratch.ts";

/** The commands that compute `tensor`. Throws `BackendError` where they would need kernels of training. */
export function lower(tensor: Tensor, at: Addresses, training?: TrainingKernels): Command[] {
  const rules = training?.lowering ?? inferenceLowering;
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
