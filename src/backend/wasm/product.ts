import { Opcode } from "../../../wasm/opcodes.ts";
import type { Command } from "./commands.ts";
import { packPanels, packStrips, plainMatrixBytes, stripBytes } from "./pack_plain.ts";

/** Rows and columns of a register tile, as in the kernel. */
const tileRows = 6, tileColumns = 8;
/** Strips and panels that an item takes at most: both operands of one block of K then stay in the L2 cache. */
const blockStrips = 16, groupPanels = 32;
/** Values of k at a time: a strip and a panel of as many stay in the L1 cache. */
const depth = 384;
/** Items that keep threads even. */
const enoughItems = 24;

/** Where an operand lies: element (i, k) of a, or (k, j) of b, `i·step + k·stepK` elements behind `from`. */
export interface Operand {
  readonly from: number;
  readonly step: number;
  readonly stepK: number;
}

/** `batch` products of M×K by K×N, one after the other in each operand. */
export interface Product {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Bytes of the buffer in which a product's operands are packed. */
export function productBytes({ batch, m, k, n }: Product): number {
  return batch * (stripBytes(m, k) + plainMatrixBytes(k, n));
}

/** Packs both operands into `scratch`, and multiplies; a residual is added, which may lie where `out` does. */
export function productCommands(
  { batch, m, k, n }: Product,
  { a, b, out, residual = 0, scratch }: {
    a: Operand;
    b: Operand;
    out: number;
    residual?: number;
    scratch: number;
  },
): Command[] {
  const panelsAt = scratch + batch * stripBytes(m, k);
  const strips = Math.ceil(m / tileRows), panels = Math.ceil(n / tileColumns);
  const blocks = Math.ceil(strips / blockStrips);
  const groups = Math.max(
    Math.ceil(panels / groupPanels),
    Math.min(Math.ceil(panels / 4), Math.ceil(enoughItems / Math.max(1, batch * blocks))),
  );
  const block = Math.ceil(strips / blocks), group = Math.ceil(panels / groups);
  return [
    packStrips({ ...a, out: scratch, k, n: m, batch, depth }),
    packPanels({ ...b, out: panelsAt, k, n, batch, depth }),
    {
      opcode: Opcode.MatMul,
      items: batch * Math.ceil(strips / block) * Math.ceil(panels / group),
      args: [scratch, panelsAt, out, residual, m, k, n, block, group, depth],
      scratchBytes: 4 * tileRows * tileColumns,
      flop: 2 * batch * m * k * n,
    },
  ];
}
