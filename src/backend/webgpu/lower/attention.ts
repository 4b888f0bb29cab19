import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import { BackendError } from "../../../tensor/errors.ts";
import { byElement } from "../each_element.ts";
import type { Rules, Target } from "../lowering.ts";
import type { Constants } from "../specialise.ts";

/** Threads that attend for a query, a power of four. */
const threadsOf = { staged: 256, direct: 64 } as const;
/** Positions, and vectors of a key, whose loads a thread does not wait for one by one, at most. */
const atOnceOf = { staged: 4, direct: 1 } as const;
/** Threads that share a key, at most, and sums that are added for a result. */
const lanesOf = { staged: 4, direct: 1 } as const, groupsOf = { staged: 16, direct: 1 } as const;

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
  const { tiling } = target,
    threads = threadsOf[tiling],
    atOnce = atOnceOf[tiling],
    width = qkv.shape.at(-1)! / 3,
    head = width / heads;
  const vectors = Math.ceil(head / 4), channels = Math.min(vectors, threads);
  const groups = Math.min(groupsOf[tiling], Math.floor(threads / channels));
  // Beside the scores: the query, sums of the groups, a value of each thread.
  const room = Math.floor(target.workgroupBytes / 4) - 4 * vectors * (1 + groups) - threads;
  checkPositions(positions, room);
  let lanes: number = lanesOf[tiling];
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
