import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { type Scratch, workgroupSize } from "../commands.ts";
import { byElement } from "../each_element.ts";
import type { Rules, Target } from "../lowering.ts";
import type { Constants } from "../specialise.ts";

/** How the ops of attention become commands. */
export const attentionLowering: Rules<"rope" | "attention" | "attention_step"> = {
  rope: (tensor) => {
    const { qkv, table, position } = tensor.inputs;
    return byElement("rope", tensor, {
      constants: headConstants(qkv, tensor.attrs.heads),
      bindings: { qkv, table, position },
    });
  },
  attention: (tensor, target) => {
    const { inputs: { qkv }, attrs: { heads } } = tensor;
    const [sequences, positions] = tensor.shape as [number, number, number];
    checkScores(target, positions);
    return [{
      kernel: "attention",
      constants: { WORKGROUP: workgroupSize, POSITIONS: positions, ...headConstants(qkv, heads) },
      bindings: { qkv, out: tensor as Tensor },
      workgroups: [positions, heads, sequences],
      flop: flopOf(tensor as Tensor),
    }];
  },
  attention_step: (tensor, target) => {
    const { inputs: { qkv, cache, position, table }, attrs: { heads, f16 } } = tensor;
    const positions = cache.shape[3]!;
    checkScores(target, positions);
    return [{
      kernel: "attention_step",
      constants: {
        ...{
          WORKGROUP: workgroupSize,
          POSITIONS: positions,
          HEADS: heads,
          TABLE: Boolean(table),
          F16: f16,
        },
        ...headConstants(qkv, heads),
      },
      bindings: { qkv, cache, position, table, out: tensor as Tensor },
      workgroups: [heads, qkv.shape[0]!, 1],
      flop: flopOf(tensor as Tensor),
    }];
  },
};

/** The same for those that need the kernels of training. */
export const attentionTraining: Rules<"attention_grad"> = {
  attention_grad: (tensor, target) => {
    const { inputs: { qkv, dy }, attrs: { heads } } = tensor;
    const [sequences, positions, width] = dy.shape as [number, number, number];
    // Two arrays of positions, where attention has one.
    checkScores(target, 2 * positions);
    const rows: Scratch = { scratch: "rows", bytes: 8 * sequences * heads * positions };
    const passes = ["attention_grad_query", "attention_grad_key"] as const;
    return passes.map((kernel) => ({
      kernel,
      constants: {
        ...{ WORKGROUP: workgroupSize, POSITIONS: positions, HEADS: heads, D: width, HEAD: width / heads },
      },
      bindings: { qkv, dy, out: tensor as Tensor, rows },
      workgroups: [positions, heads, sequences],
      flop: flopOf(tensor as Tensor) / passes.length,
    }));
  },
};

function headConstants(qkv: Tensor, heads: number): Constants {
  const width = qkv.shape.at(-1)! / 3;
  return { D: width, HEAD: width / heads };
}

/** The scores of all positions lie in workgroup memory, beside a query and a value of each thread. */
function checkScores({ workgroupBytes }: Target, positions: number): void {
  const most = Math.floor(workgroupBytes / 4) - 1024;
  if (positions <= most) return;
  throw new BackendError("Cannot lower attention", {
    expected: `at most ${most} positions on this GPU`,
    got: `${positions}`,
    hint: "use the WASM backend",
  });
}
