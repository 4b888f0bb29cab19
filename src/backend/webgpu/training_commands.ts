import { type TrainingKernelName, trainingSources } from "./_generated_training.ts";
import { type Command, folded, type Operand, workgroupSize } from "./commands.ts";
import type { Constants } from "./specialise.ts";

/** A command of a kernel of training. */
export function trainingCommand(
  kernel: TrainingKernelName,
  command: Omit<Command, "kernel" | "source">,
): Command {
  return { kernel, source: trainingSources[kernel], ...command };
}

/** One thread for each of `size` elements. */
export function eachElement(
  kernel: TrainingKernelName,
  { size, constants = {}, bindings, flop }: {
    size: number;
    constants?: Constants;
    bindings: Readonly<Record<string, Operand | undefined>>;
    flop: number;
  },
): Command {
  return trainingCommand(kernel, {
    constants: { WORKGROUP: workgroupSize, SIZE: size, ...constants },
    bindings,
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop,
  });
}
