import { buildPng } from "./support.ts";

/** What the header of a PNG says of its samples. */
export interface PngKind {
  readonly bitDepth: number;
  readonly colorType: number;
  readonly interlace: number;
}

/** Bit depths by colour type: grey, RGB, palette, grey with alpha, RGB with alpha. */
const bitDepths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** All kinds that there are. */
export const pngKinds: readonly PngKind[] = Object.entries(bitDepths).flatMap(([colorType, depths]) =>
  depths.flatMap((bitDepth) =>
    [0, 1].map((interlace) => ({ bitDepth, colorType: Number(colorType), interlace }))
  )
);

/** First column and row of each pass of Adam7, and the steps to the next ones. */
const passes: readonly (readonly [x: number, y: number, dx: number, dy: number])[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

const size = { width: 11, height: 9 };
const text = new TextEncoder();

/** A file of a kind, with samples that look random and many ancillary chunks. */
export function pngOf(kind: PngKind): Uint8Array {
  const { bitDepth, colorType } = kind, colors = 2 ** Math.min(8, bitDepth);
  const palette = Uint8Array.from({ length: 3 * colors }, (_, i) => i * i * 37 + i);
  const chunks: [string, Uint8Array][] = [
    ["gAMA", Uint8Array.of(0, 0, 0xb1, 0x8f)],
    ["sRGB", Uint8Array.of(0)],
    ["tEXt", text.encode("Title\0a picture")],
    ...colorType === 3 ? [["PLTE", palette] as [string, Uint8Array]] : [],
    ...transparency(kind),
    ["pHYs", Uint8Array.of(0, 0, 11, 19, 0, 0, 11, 19, 1)],
    ["zTXt", text.encode("Comment\0\0no zlib")],
    ["tIME", Uint8Array.of(7, 0xea, 11, 27, 9, 40, 0)],
    ["prVt", text.encode("anything")],
  ];
  return buildPng(rowsOf(kind), { ...size, ...kind }, chunks);
}

function transparency({ bitDepth, colorType }: PngKind): [string, Uint8Array][] {
  if (colorType === 0) return [["tRNS", Uint8Array.of(0, 1)]];
  if (colorType === 2) return [["tRNS", Uint8Array.of(0, 1, 0, 2, 0, 3)]];
  if (colorType === 3) return [["tRNS", Uint8Array.of(0, 128, 255).subarray(0, 2 ** bitDepth)]];
  return [];
}

/** Rows of all passes, each after the byte of its filter, in turn one of the five. */
function rowsOf({ bitDepth, colorType, interlace }: PngKind): Uint8Array {
  const bytes: number[] = [];
  let seed = bitDepth + 16 * colorType;
  for (const [x, y, dx, dy] of interlace ? passes : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil((size.width - x) / dx), rows = Math.ceil((size.height - y) / dy);
    const length = Math.ceil(columns * samplesOf[colorType]! * bitDepth / 8);
    for (let row = 0; row < rows; row++) {
      bytes.push(row % 5);
      for (let i = 0; i < length; i++) {
        seed = Math.imul(seed, 1103515245) + 12345;
        bytes.push(seed >>> 16 & 255);
      }
    }
  }
  return Uint8Array.from(bytes);
}
