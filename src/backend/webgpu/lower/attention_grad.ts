import { flopOf } from "../../../graph/flop.ts";
import type { Tensor } from "../../../graph/ops.ts";
import type { Scratch } from "../commands.ts";
import type { Rules, Target } from "../lowering.ts";
import type { Constants } from "../specialise.ts";

/** Positions that a workgroup does. */
const ownPositions = 32;
/** Threads of a workgroup along the other positions, and along vectors of a head. */
const lanes = 8;
/**
 * What a thread does at once: other positions of a tile, vectors of a result, positions that it adds in a turn of a loop,
 * and the most vectors of a position that a tile reads. Software would compile more for a minute.
 */
const sizesOf = {
  staged: { keys: 4, columns: 2, unroll: 4, chunk: 4 },
  direct: { keys: 1, columns: 1, unroll: 1, chunk: 1 },
} as const;

/** How the gradient of attention becomes commands: a pass for the sums of each position, then one for each gradient. */
export const attentionTraining: Rules<"attention_grad"> = {
  attention_grad: (tensor, target) => {
    const { inputs: { qkv, dy }, attrs: { heads } } = tensor;
    const [sequences, positions, width] = dy.shape as [number, number, number];
    const blocks = Math.ceil(positions / ownPositions), head = width / heads;
    const { slices, ...tile } = tileConstants(head, target);
    const rows: Scratch = { scratch: "rows", bytes: 8 * sequences * heads * positions };
    const shared = {
      constants: { ...tile, POSITIONS: positions, HEADS: heads, D: width, BLOCKS: blocks, SLICES: slices },
      bindings: { qkv, dy, out: tensor as Tensor, rows },
      flop: flopOf(tensor as Tensor) / 3,
    };
    return [
      { ...shared, kernel: "attention_grad_rows", workgroups: [blocks, heads, sequences] },
      { ...shared, kernel: "attention_grad_query", workgroups: [blocks * slices, heads, sequences] },
      { ...shared, kernel: "attention_grad_key", workgroups: [blocks * slices, heads, sequences] },
    ];
  },
};

function tileConstants(head: number, { tiling, workgroupBytes }: Target): Constants & { slices: number } {
  const { keys, unroll, chunk, columns: most } = sizesOf[tiling];
  const vectors = Math.ceil(head / 4), others = lanes * keys;
  // What does not fit into the registers of a workgroup is done by others.
  const columns = Math.min(most, Math.ceil(vectors / lanes));
  const bytes = (chunk: number) =>
    16 * (2 * chunk * (ownPositions + others) + others * lanes * (columns + 1));
  return {
    ...{ HEAD: head, HEAD4: vectors, VECTOR: head % 4 === 0, KEYS: keys, OTHERS: others, UNROLL: unroll },
    ...{ COLUMNS: columns, CHUNK: bytes(chunk) <= workgroupBytes ? chunk : chunk / 2 },
    slices: Math.ceil(vectors / (lanes * columns)),
  };
}
