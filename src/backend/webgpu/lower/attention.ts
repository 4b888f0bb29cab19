import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { byElement } from "../each_element.ts";
import type { Rules, Target } from "../lowering.ts";
import type { Constants } from "../specialise.ts";

/**
 * How a workgroup attends for a query: its threads, a power of four; threads that share a key, and groups that share the
 * values, at most; positions, and vectors of a key, whose loads a thread does not wait for one by one, at most.
 */
const divisions = {
  staged: { threads: 256, lanes: 4, groups: 16, atOnce: 4 },
  direct: { threads: 64, lanes: 1, groups: 1, atOnce: 1 },
} as const;
/** The first in short, for tests on software, which compiles it in a third of the time. */
const shortDivision = { threads: 64, lanes: 4, groups: 4, atOnce: 2 } as const;

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
    return [{
      kernel: "attention",
      constants: attendConstants(qkv, { heads, positions, target }),
      bindings: { qkv, out: tensor as Tensor },
      workgroups: [positions, heads, sequences],
      flop: flopOf(tensor as Tensor),
    }];
  },
  attention_step: (tensor, target) => {
    const { inputs: { qkv, cache, position, table }, attrs: { heads, f16 } } = tensor;
    const positions = cache.shape[3]!;
    return [{
      kernel: "attention_step",
      constants: {
        ...{ HEADS: heads, TABLE: Boolean(table), F16: f16 },
        ...attendConstants(qkv, { heads, positions, target }),
      },
      bindings: { qkv, cache, position, table, out: tensor as Tensor },
      workgroups: [heads, qkv.shape[0]!, 1],
      flop: flopOf(tensor as Tensor),
    }];
  },
};

function headConstants(qkv: Tensor, heads: number): Constants {
  const width = qkv.shape.at(-1)! / 3;
  return { D: width, HEAD: width / heads };
}

/** How a workgroup of `attend.wgsl` is divided. */
function attendConstants(
  qkv: Tensor,
  { heads, positions, target }: { heads: number; positions: number; target: Target },
): Constants {
  const { tiling, software } = target;
  const { threads, atOnce, ...most } = software && tiling === "staged" ? shortDivision : divisions[tiling];
  const width = qkv.shape.at(-1)! / 3, head = width / heads;
  const vectors = Math.ceil(head / 4), channels = Math.min(vectors, threads);
  const groups = Math.min(most.groups, Math.floor(threads / channels));
  // Beside the scores: the query, sums of the groups, a value of each thread.
  const room = Math.floor(target.workgroupBytes / 4) - 4 * vectors * (1 + groups) - threads;
  checkPositions(positions, room);
  let lanes: number = most.lanes;
  while (vectors % lanes !== 0 || lanes * positions > room) lanes /= 2;
  return {
    ...{ WORKGROUP: threads, POSITIONS: positions, D: width, HEAD: head, HEAD4: vectors },
    ...{ VECTOR: head % 4 === 0, LANES: lanes, CHANNELS: channels, GROUPS: groups },
    ...{ UNROLL: atOnce, EACH: (vectors / lanes) % atOnce === 0 ? atOnce : 1 },
  };
}

function checkPositions(positions: number, most: number): void {
  if (positions <= most) return;
  throw new BackendError("Cannot lower attention", {
    expected: `at most ${most} positions on this GPU`,
    got: `${positions}`,
    hint: "use the WASM backend",
  });
}
