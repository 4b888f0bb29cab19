import type { Constants } from "./specialise.ts";

/** How a matrix product is tiled. */
export interface Tile {
  /** Whether blocks pass through workgroup memory, see `kernels/tile.wgsl`; else see `kernels/conv.wgsl`. */
  readonly staged: boolean;
  /** Results of a thread: `pixels` rows of `4·quads` channels. */
  readonly pixels: number;
  readonly quads: number;
  /** Threads of a workgroup along the channels and along the rows. */
  readonly lanes: number;
  readonly rows: number;
}

/** The tiling for an adapter: chosen by its kind, or forced. */
export type Tiling = "staged" | "direct";

/** The sizes of a product: `rows` by `outputs` results, each a sum over `depth`, by `times` of them at once. */
export interface ProductSizes {
  readonly rows: number;
  readonly outputs: number;
  readonly depth: number;
  readonly times?: number;
}

/** Vectors of k in workgroup memory at a time. */
export const stagedVectors = 4;
const stagedStep = 4 * stagedVectors;
/** With fewer workgroups, processors of a GPU would idle. An H200 has 132 of them. */
const manyWorkgroups = 256;
/** Steps that a part of a sum has at least: a part costs a write and a read of all results. */
const fewestSteps = 8;

/**
 * Products and sums from which a thread of software does sixteen rows. Its loads cost more than its arithmetic, and more
 * rows share each of them, but such a kernel takes a second more to compile.
 */
const manyFlop = 7e7;

/**
 * Tiles of 128 × 128. On an H200, with enough workgroups, they reached 38 TFLOP/s where 64 × 64 reached 28, but 8 of them
 * in 33 parts are no faster than 32 smaller ones in 8.
 */
const large: Tile = { staged: true, pixels: 8, quads: 2, lanes: 16, rows: 16 };
const fewestLarge = 16;

/** What tiles depend on. */
export interface TileTarget {
  readonly tiling: Tiling;
  /** Bytes of workgroup memory that kernels may use. */
  readonly workgroupBytes: number;
  /** Whether the processor runs them, which compiles long kernels slowly. */
  readonly software: boolean;
}

/** The tile for a product. */
export function chooseTile({ tiling, workgroupBytes, software }: TileTarget, sizes: ProductSizes): Tile {
  const { rows, outputs, depth } = sizes, quads = outputs <= 4 ? 1 : 2;
  if (tiling === "direct") {
    // A software adapter runs eight threads as one vector; they lie along the channels as far as there are some.
    const lanes = Math.min(8, 2 ** Math.ceil(Math.log2(Math.ceil(outputs / (4 * quads)))));
    const pixels = quads === 2 && 2 * rows * outputs * depth >= manyFlop ? 16 : 8;
    return { staged: false, pixels, quads, lanes, rows: 8 / lanes };
  }
  // Tests alone ask for it: software compiles few results a thread in a second, and many in ten.
  if (software) return { staged: true, pixels: 4, quads: 1, lanes: 8, rows: 8 };
  if (outputs <= 32) return { staged: true, pixels: 8, quads, lanes: 4, rows: 16 };
  const blocks = blocksOf(large, sizes);
  const fits = bytesOf(large) <= workgroupBytes && rows > 64 && outputs > 64;
  if (fits && blocks >= fewestLarge && blocks * mostParts(sizes) >= manyWorkgroups / 2) return large;
  return { staged: true, pixels: rows <= 32 ? 4 : 8, quads, lanes: 8, rows: 8 };
}

/** Into how many parts the sums of a product are cut, so that a GPU has enough workgroups. */
export function partsOfSums(tile: Tile, sizes: ProductSizes): number {
  if (!tile.staged) return 1;
  return Math.max(1, Math.min(mostParts(sizes), Math.floor(manyWorkgroups / blocksOf(tile, sizes))));
}

/** Rows and columns of the results of a workgroup. */
export function blockOf({ pixels, quads, lanes, rows }: Tile): [number, number] {
  return [pixels * rows, 4 * quads * lanes];
}

/** The constants of `kernels/tile.wgsl` for a tile that passes through workgroup memory. */
export function tileConstants(tile: Tile, { software }: TileTarget): Constants {
  const { pixels, quads, lanes, rows } = tile, [blockM, blockO] = blockOf(tile);
  return {
    ...{ MA: pixels / 4, NA: quads, LANES: lanes, ROWS: rows, THREADS: lanes * rows, STEP: stagedStep },
    ...{ LOOPED: software, UNROLLED: software ? 1 : stagedStep },
    ...{ SQUARE: Math.min(8, lanes), BLOCK_M: blockM, BLOCK_O: blockO },
  };
}

/** How many vectors of four rows, and of four columns, a thread brings into workgroup memory in a step, one k each. */
export function loadsOfThread({ pixels, quads, lanes, rows }: Tile): Constants {
  return { LOADS_LEFT: pixels / 4 * stagedStep / lanes, LOADS_RIGHT: quads * stagedStep / rows };
}

function mostParts({ depth }: ProductSizes): number {
  return Math.max(1, Math.floor(depth / (stagedStep * fewestSteps)));
}

function blocksOf(tile: Tile, { rows, outputs, times = 1 }: ProductSizes): number {
  const [blockM, blockO] = blockOf(tile);
  return times * Math.ceil(rows / blockM) * Math.ceil(outputs / blockO);
}

/** Bytes of workgroup memory that a tile takes. */
function bytesOf({ pixels, quads, lanes, rows }: Tile): number {
  return 16 * ((pixels / 4 * stagedStep + 1) * rows + (quads * stagedStep + 1) * lanes);
}
