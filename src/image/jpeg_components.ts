import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { UnsupportedImageError } from "./header_type.ts";
import { BitReader, BitWriter, type HuffmanTable, readHuffmanTables } from "./jpeg_bits.ts";
import type { JpegPart } from "./jpeg_essential.ts";
import { APP0, APP14, DHT, DRI, isFrame, SOI, SOS } from "./jpeg_segments.ts";

interface Frame {
  readonly progressive: boolean;
  /** Units of 8 × 8 samples of all components together. */
  readonly mcus: number;
  readonly components: readonly { readonly id: number; readonly blocks: number; readonly sampling: number }[];
}

/**
 * A JPEG file with some of the components of another, by their places: the codes of the others are left out of its scans, which
 * changes no other code, as each component has its own differences and runs. `transform` is Adobe's, of the colours that are left.
 * Throws `ImageError` if the codes are damaged, or the components cannot be told apart so.
 */
export function withComponents(
  parts: readonly JpegPart[],
  { keep, transform }: { keep: readonly number[]; transform: 0 | 1 },
): Uint8Array {
  const out: Uint8Array[] = [Uint8Array.of(0xff, SOI), adobe(transform)],
    tables = new Map<number, HuffmanTable>();
  let frame: Frame | undefined, interval = 0;
  for (const { code, body, bytes, data } of parts) {
    if (code === APP0 || code === APP14) continue;
    if (code === DHT) readHuffmanTables(body, tables);
    if (code === DRI) interval = body[0]! * 256 + body[1]!;
    if (isFrame(code)) {
      frame = readFrame(code, body);
      checkSampling(frame, keep);
      const kept = keep.map((i) => body.subarray(6 + 3 * i, 9 + 3 * i));
      out.push(segment(code, [body.subarray(0, 5), Uint8Array.of(keep.length), ...kept]));
    } else if (code === SOS) {
      if (!frame) throw damaged("a frame header before the image data");
      const scan = readScan(body, frame), chosen = scan.members.map(({ place }) => keep.includes(place));
      if (chosen.every(Boolean)) out.push(bytes);
      else if (chosen.some(Boolean)) {
        const count = chosen.filter(Boolean).length;
        if (count === 1) throw unsupported();
        const kept = scan.members.filter((_, i) => chosen[i]).map(({ spec }) => spec);
        out.push(segment(code, [Uint8Array.of(count), ...kept, body.subarray(1 + 2 * chosen.length)]));
        out.push(filterScan(data, { scan, chosen, frame, tables, interval }));
      }
    } else {
      out.push(bytes);
    }
  }
  return concat(out);
}

interface Scan {
  readonly members: readonly {
    readonly place: number;
    readonly spec: Uint8Array;
    readonly dc: number;
    readonly ac: number;
  }[];
  /** Whether it refines what an earlier scan gave: a bit for each block. */
  readonly refines: boolean;
}

function filterScan(
  data: Uint8Array,
  { scan, chosen, frame, tables, interval }: {
    scan: Scan;
    chosen: readonly boolean[];
    frame: Frame;
    tables: ReadonlyMap<number, HuffmanTable>;
    interval: number;
  },
): Uint8Array {
  const reader = new BitReader(data), writer = new BitWriter(data.length);
  const walks = scan.members.map(({ place, dc, ac }, i) => ({
    kept: chosen[i]!,
    blocks: frame.components[place]!.blocks,
    dc: tables.get(dc),
    ac: tables.get(16 + ac),
  }));
  for (let mcu = 0; mcu < frame.mcus; mcu++) {
    if (interval > 0 && mcu > 0 && mcu % interval === 0) {
      reader.restart();
      writer.restart(mcu / interval - 1);
    }
    for (const { kept, blocks, dc, ac } of walks) {
      for (let block = 0; block < blocks; block++) walkBlock(kept, dc, ac);
    }
  }
  return writer.finish();

  function walkBlock(kept: boolean, dc: HuffmanTable | undefined, ac: HuffmanTable | undefined): void {
    if (scan.refines) return bits(kept, 1);
    bits(kept, symbol(kept, dc));
    if (frame.progressive) return;
    for (let k = 1; k < 64; k++) {
      const value = symbol(kept, ac), run = value >> 4, size = value & 15;
      if (size === 0 && run < 15) return;
      bits(kept, size);
      k += run;
    }
  }

  function symbol(kept: boolean, table: HuffmanTable | undefined): number {
    if (!table) throw damaged("a Huffman table for each component");
    const { symbol, code, length } = reader.symbol(table);
    if (kept) writer.write(code, length);
    return symbol;
  }

  function bits(kept: boolean, count: number): void {
    if (count > 16) throw damaged("differences of at most 16 bits");
    const value = count > 0 ? reader.read(count) : 0;
    if (kept) writer.write(value, count);
  }
}

function readFrame(code: number, body: Uint8Array): Frame {
  const height = body[1]! * 256 + body[2]!, width = body[3]! * 256 + body[4]!, count = body[5]!;
  const components = Array.from({ length: count }, (_, i) => {
    const sampling = body[7 + 3 * i] ?? 0;
    return { id: body[6 + 3 * i]!, sampling, blocks: (sampling >> 4) * (sampling & 15) };
  });
  if (components.some(({ blocks }) => blocks === 0)) throw damaged("sampling factors of at least 1");
  const across = Math.max(...components.map(({ sampling }) => sampling >> 4));
  const down = Math.max(...components.map(({ sampling }) => sampling & 15));
  const mcus = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  return { progressive: code === 0xc2, mcus, components };
}

/** The order of blocks and the sizes of components follow from the largest sampling factors, which must be left. */
function checkSampling({ components }: Frame, keep: readonly number[]): void {
  const factors = (all: readonly { sampling: number }[]) =>
    `${Math.max(...all.map(({ sampling }) => sampling >> 4))}×${
      Math.max(...all.map(({ sampling }) => sampling & 15))
    }`;
  if (factors(components) !== factors(keep.map((i) => components[i]!))) throw unsupported();
}

function readScan(body: Uint8Array, { components }: Frame): Scan {
  const count = body[0]!;
  const members = Array.from({ length: count }, (_, i) => {
    const spec = body.subarray(1 + 2 * i, 3 + 2 * i);
    const place = components.findIndex(({ id }) => id === spec[0]);
    if (place < 0 || spec.length < 2) throw damaged("scans of the components of the frame");
    return { place, spec, dc: spec[1]! >> 4, ac: spec[1]! & 15 };
  });
  return { members, refines: (body[3 + 2 * count]! >> 4) > 0 };
}

/** Adobe's segment APP14, which tells the colours of a file. */
function adobe(transform: number): Uint8Array {
  return segment(APP14, [new TextEncoder().encode("Adobe"), Uint8Array.of(0, 100, 0, 0, 0, 0, transform)]);
}

function segment(code: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(parts), length = body.length + 2;
  return concat([Uint8Array.of(0xff, code, length >> 8, length & 255), body]);
}

function damaged(expected: string): ImageError {
  return new ImageError("Cannot decode the JPEG image", {
    expected,
    got: "none",
    hint: "the file is damaged; fetch it again",
  });
}

function unsupported(): ImageError {
  return new UnsupportedImageError("Cannot decode this kind of JPEG", {
    expected: "CMYK with one scan for all inks, of which K is not sampled most",
    got: "another",
    hint: "convert it: magick in.jpg out.png",
  });
}
