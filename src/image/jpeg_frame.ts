import { damagedData } from "./jpeg_bits.ts";

/** A component of a frame: a colour, or an ink. */
export interface FrameComponent {
  readonly id: number;
  /** The place of its quantization table. */
  readonly quantization: number;
  /** Blocks of it in an MCU, across and down. */
  readonly across: number;
  readonly down: number;
  /** Its blocks of 8 × 8 samples: those that hold pixels, and those that all MCUs have in a row and in a column. */
  readonly columns: number;
  readonly rows: number;
  readonly allColumns: number;
  readonly allRows: number;
}

/** What the header of a frame says. */
export interface Frame {
  readonly isProgressive: boolean;
  /** MCUs of all components together, in a row and in a column. */
  readonly columns: number;
  readonly rows: number;
  readonly components: readonly FrameComponent[];
}

/** Reads the header of a frame (ITU-T T.81, B.2.2). Throws `ImageError` if it is damaged. */
export function readFrame(code: number, body: Uint8Array): Frame {
  const height = body[1]! * 256 + body[2]!, width = body[3]! * 256 + body[4]!, count = body[5]!;
  if (body.length < 6 + 3 * count || count === 0) throw damagedData("a frame header that is cut");
  const specs = Array.from({ length: count }, (_, i) => body.subarray(6 + 3 * i, 9 + 3 * i));
  const across = Math.max(...specs.map((spec) => spec[1]! >> 4));
  const down = Math.max(...specs.map((spec) => spec[1]! & 15));
  const columns = Math.ceil(width / (8 * across)), rows = Math.ceil(height / (8 * down));
  const components = specs.map((spec) => {
    const own = { across: spec[1]! >> 4, down: spec[1]! & 15 };
    if (own.across === 0 || own.down === 0) throw damagedData("a sampling factor of 0");
    return {
      ...own,
      id: spec[0]!,
      quantization: spec[2]!,
      columns: Math.ceil(Math.ceil(width * own.across / across) / 8),
      rows: Math.ceil(Math.ceil(height * own.down / down) / 8),
      allColumns: columns * own.across,
      allRows: rows * own.down,
    };
  });
  return { isProgressive: code === 0xc2, columns, rows, components };
}
