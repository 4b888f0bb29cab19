/** How a matrix product is tiled, see `kernels/conv.wgsl`. */
export interface Tile {
  /** Whether blocks pass through workgroup memory. */
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

/** Vectors of k in workgroup memory at a time. */
export const stagedVectors = 4;
/** With fewer workgroups, processors of a GPU would idle: tiles become smaller. */
const fewWorkgroups = 128;

/**
 * Products and sums from which a thread of software does sixteen rows. Its loads cost more than its arithmetic, and more
 * rows share each of them, but such a kernel takes a second more to compile.
 */
const manyFlop = 7e7;

/** The tile for a product of `rows` by `outputs`, each a sum over `depth`. */
export function chooseTile(
  tiling: Tiling,
  { rows, outputs, depth }: { rows: number; outputs: number; depth: number },
): Tile {
  const quads = outputs <= 4 ? 1 : 2;
  if (tiling === "direct") {
    // A software adapter runs eight threads as one vector; they lie along the channels as far as there are some.
    const lanes = Math.min(8, 2 ** Math.ceil(Math.log2(Math.ceil(outputs / (4 * quads)))));
    const pixels = quads === 2 && 2 * rows * outputs * depth >= manyFlop ? 16 : 8;
    return { staged: false, pixels, quads, lanes, rows: 8 / lanes };
  }
  const large = {
    staged: true,
    pixels: 8,
    quads,
    lanes: outputs <= 32 ? 4 : 8,
    rows: outputs <= 32 ? 16 : 8,
  };
  const workgroups = Math.ceil(rows / (large.pixels * large.rows)) *
    Math.ceil(outputs / (4 * large.quads * large.lanes));
  return workgroups >= fewWorkgroups ? large : { ...large, pixels: 4, quads: 1 };
}
