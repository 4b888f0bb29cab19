import type { OpName } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";

/** Elements of one item of the elementwise kernels. */
export const elementBlock = 4096;
/** Positions of one item of the norms. */
const positionBlock = 256;

/** Elements before, along and after the axes that a reduction runs over. Throws `BackendError` if they lie apart. */
export function meanExtent(
  op: OpName,
  shape: Shape,
  over: readonly number[],
): { outer: number; count: number; inner: number } {
  const axes = [...over].sort((a, b) => a - b), first = axes[0] ?? 0;
  if (axes.some((axis, i) => axis !== first + i)) {
    throw new BackendError(`Cannot lower ${op}`, { expected: "neighbouring axes", got: axes.join(", ") });
  }
  return {
    outer: sizeOf(shape.slice(0, first)),
    count: sizeOf(shape.slice(first, first + axes.length)),
    inner: sizeOf(shape.slice(first + axes.length)),
  };
}

/** How a map `[N,…,C]` is cut into items. Throws `BackendError` where channels do not fill vectors. */
export function channelExtent(
  shape: Shape,
): { n: number; positions: number; channels: number; blocks: number } {
  const n = shape[0]!, channels = shape.at(-1)!, positions = sizeOf(shape.slice(1, -1));
  if (channels % 4 !== 0) {
    throw new BackendError("Cannot lower a normalisation", {
      expected: "a multiple of 4 channels",
      got: `${channels}`,
    });
  }
  return { n, positions, channels, blocks: Math.ceil(positions / positionBlock) };
}

/** How attention over whole sequences is cut into items, and what each needs; see `wasm/attention_tiles.ts`. */
export function attentionExtent(
  { sequences, positions, heads, head }: {
    sequences: number;
    positions: number;
    heads: number;
    head: number;
  },
): { items: number; scratchBytes: number; gradScratchBytes: number } {
  if (positions <= fewPositions) {
    return { items: sequences, scratchBytes: 4 * (positions + 4), gradScratchBytes: 8 * (positions + 4) };
  }
  const strips = 24 * Math.ceil(positions / 6), panels = 32 * Math.ceil(positions / 8);
  const rows = Math.ceil(positions / 4) * 4 + 4, along = 32 * Math.ceil(head / 8) * rows;
  const stripped = 24 * rows;
  return {
    items: sequences * heads,
    scratchBytes: head * (strips + panels) + along + 6 * panels + stripped,
    gradScratchBytes: 2 * head * (strips + panels) + 3 * along + strips / 2 * panels + stripped + 192,
  };
}

/** As in the kernel. */
const fewPositions = 4;
