import { Opcode } from "../_generated_opcodes.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { LoweredOp } from "../../lowered_ops.ts";
import { attentionExtent } from "../extents.ts";
import type { Rules } from "../lowering.ts";

/** How the ops of attention become commands. */
export const attentionLowering: Rules<"rope" | "attention" | "attention_step"> = {
  rope: (tensor, at) => {
    const { qkv, table, position } = tensor.inputs, { heads } = tensor.attrs;
    const [rows, head] = table.shape as [number, number];
    const args = [at.of(qkv), at.of(table), at.of(position), at.of(tensor as Tensor), heads, head, rows];
    return [{ opcode: Opcode.Rope, items: sizeOf(position.shape), args }];
  },
  attention: (tensor, at) => {
    const [sequences, positions, width] = tensor.shape as [number, number, number], { heads } = tensor.attrs;
    const head = checkHead("attention", width / heads);
    const { items, scratchBytes } = attentionExtent({ sequences, positions, heads, head });
    return [{
      opcode: Opcode.Attention,
      items,
      args: [at.of(tensor.inputs.qkv), at.of(tensor as Tensor), heads, head, positions],
      scratchBytes,
      flop: 2 * sequences * positions * (positions + 1) * width,
    }];
  },
  attention_step: (tensor, at) => {
    const { qkv, cache, position, table } = tensor.inputs, { heads } = tensor.attrs;
    const [rows, width] = tensor.shape as [number, number], positions = cache.shape[3]!;
    const head = checkHead("attention_step", width / heads), f16 = tensor.attrs.f16;
    const pointers = [qkv, cache, position, table, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.AttentionStep,
      items: rows * heads,
      args: [...pointers, heads, head, positions, Number(f16)],
      scratchBytes: 4 * (2 * head + positions + 4),
    }];
  },
};

/** The same for those that need the kernels of training. */
export const attentionTraining: Rules<"attention_grad"> = {
  attention_grad: (tensor, at) => {
    const { inputs: { qkv, dy }, attrs: { heads } } = tensor;
    const [sequences, positions, width] = dy.shape as [number, number, number],
      head = checkHead("attention_grad", width / heads);
    const { items, gradScratchBytes } = attentionExtent({ sequences, positions, heads, head });
    return [{
      opcode: Opcode.AttentionGrad,
      items,
      args: [at.of(qkv), at.of(dy), at.of(tensor as Tensor), heads, head, positions],
      scratchBytes: gradScratchBytes,
      flop: 5 * sequences * positions * (positions + 1) * width,
    }];
  },
};

/** Throws `BackendError` unless a head fills vectors. */
function checkHead(op: LoweredOp, head: number): number {
  if (head % 4 === 0) return head;
  throw new BackendError(`Cannot lower ${op}`, {
    expected: "a head dimension divisible by 4",
    got: `${head}`,
  });
}
