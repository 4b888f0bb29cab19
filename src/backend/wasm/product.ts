import { Opcode } from "./_generated_opcodes.ts";
import type { Command } from "./commands.ts";
import { packPanels, packStrips, plainMatrixBytes, stripBytes } from "./pack_plain.ts";

/** Rows and columns of a register tile, as in the kernel. */
const tileRows = 6, tileColumns = 8;
/** Values of k at a time: a strip and a panel of as many stay in the L1 cache. */
const depth = 384;
/** Items that keep threads even to their end. */
const enoughItems = 32;

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

/**
 * How a product is cut into items. A strip that meets many panels is packed by the item that needs it; where there are
 * few, as for the gradients of small weights, items are cut along both sides, and strips are packed first.
 */
function cut({ batch, m, n }: Product): { early: boolean; block: number; group: number; items: number } {
  const strips = Math.ceil(m / tileRows), panels = Math.ceil(n / tileColumns);
  const early = panels < 24 || strips < 96;
  const groups = Math.ceil(panels / (early ? 8 : 48)), group = Math.ceil(panels / Math.max(1, groups));
  const spread = Math.floor(batch * strips * groups / enoughItems);
  const block = Math.max(1, Math.min(early ? 16 : 8, spread));
  return {
    early,
    block,
    group,
    items: batch * Math.ceil(strips / block) * Math.ceil(panels / Math.max(1, group)),
  };
}

/** Packs the operands into scratch memory and multiplies them. Adds the residual, whose memory may be that of `out`. */
export function productCommands(
  product: Product,
  scratch: (bytes: number) => number,
  { a, b, out, residual = 0 }: {
    a: Operand;
    b: Operand;
    out: number;
    residual?: number;
  },
): Command[] {
  const { batch, m, k, n } = product, { early, block, group, items } = cut(product);
  const panels = scratch(batch * plainMatrixBytes(k, n));
  const strips = early ? scratch(batch * stripBytes(m, k)) : a.from;
  const steps = early ? [0, 0] : [a.step, a.stepK];
  return [
    packPanels({ ...b, out: panels, k, n, batch, depth }),
    ...early ? [packStrips({ ...a, out: strips, k, n: m, batch, depth })] : [],
    {
      opcode: Opcode.Matmul,
      items,
      args: [strips, panels, out, residual, m, k, n, block, group, depth, ...steps],
      scratchBytes: 4 * tileRows * (tileColumns + depth),
      flop: 2 * batch * m * k * n,
    },
  ];
}
