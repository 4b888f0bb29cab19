/** A pass over a PNG image: its first column and row, and the steps between them. */
export interface PngPass {
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
  /** Pixels of a row, and rows. */
  readonly columns: number;
  readonly rows: number;
}

/** The only pass, or the seven of Adam7. */
export function pngPasses(
  { width, height }: { width: number; height: number },
  isInterlaced: boolean,
): PngPass[] {
  const steps = isInterlaced
    ? [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]
    : [[0, 0, 1, 1]];
  return steps.map(([left, top, across, down]) => ({
    ...{ left: left!, top: top!, across: across!, down: down! },
    columns: Math.max(0, Math.ceil((width - left!) / across!)),
    rows: Math.max(0, Math.ceil((height - top!) / down!)),
  })).filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/**
 * Undoes the filters of the rows of a pass (PNG specification, 9.2), each of which begins with the number of its own, in place.
 * `step` is the bytes of a pixel, at least 1. Returns whether all filters are known.
 */
export function unfilter(rows: Uint8Array, { bytes, step }: { bytes: number; step: number }): boolean {
  for (let start = 0, above = -1; start < rows.length; above = start, start += bytes + 1) {
    const row = rows.subarray(start + 1, start + 1 + bytes);
    const up = above < 0 ? new Uint8Array(bytes) : rows.subarray(above + 1, above + 1 + bytes);
    const filter = filters[rows[start]!];
    if (!filter) return false;
    filter(row, up, step);
  }
  return true;
}

type Filter = (row: Uint8Array, up: Uint8Array, step: number) => void;

const filters: readonly Filter[] = [() => {}, left, above, average, paeth];

function left(row: Uint8Array, _up: Uint8Array, step: number): void {
  for (let i = step; i < row.length; i++) row[i]! += row[i - step]!;
}

function above(row: Uint8Array, up: Uint8Array): void {
  for (let i = 0; i < row.length; i++) row[i]! += up[i]!;
}

function average(row: Uint8Array, up: Uint8Array, step: number): void {
  for (let i = 0; i < step && i < row.length; i++) row[i]! += up[i]! >> 1;
  for (let i = step; i < row.length; i++) row[i]! += (row[i - step]! + up[i]!) >> 1;
}

/** Adds the neighbour that is closest to left + up − corner. */
function paeth(row: Uint8Array, up: Uint8Array, step: number): void {
  for (let i = 0; i < step && i < row.length; i++) row[i]! += up[i]!;
  for (let i = step; i < row.length; i++) {
    const a = row[i - step]!, b = up[i]!, c = up[i - step]!;
    const toA = Math.abs(b - c), toB = Math.abs(a - c), toC = Math.abs(a + b - 2 * c);
    row[i]! += toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
  }
}
