import { BitReader, damagedData, type HuffmanTable, readHuffmanTables } from "./jpeg_bits.ts";
import type { JpegPart } from "./jpeg_essential.ts";
import { type Frame, type FrameComponent, readFrame } from "./jpeg_frame.ts";
import { DHT, DQT, DRI, isFrame } from "./jpeg_segments.ts";

/** A component in a scan, with what decodes it. */
export interface ScanMember {
  /** Its place in the frame. */
  readonly place: number;
  readonly component: FrameComponent;
  /** Its bytes in the header of the scan. */
  readonly spec: Uint8Array;
  /** Huffman tables, where there are any. */
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
  /** By what the first coefficient is multiplied. */
  readonly quantization: number;
}

/** A scan: its header with all that was said before it, and its data. */
export interface Scan {
  readonly frame: Frame;
  readonly members: readonly ScanMember[];
  /** The first and the last coefficient, and the position of the lowest bit of the last scan of them (0 for none) and of this. */
  readonly first: number;
  readonly last: number;
  readonly highBit: number;
  readonly lowBit: number;
  /** MCUs between restart markers; 0 without any. */
  readonly interval: number;
  readonly bits: BitReader;
}

/** Without progression a scan has all coefficients, whatever its header says. */
const wholeSpectrum = { first: 0, last: 63, highBit: 0, lowBit: 0 };

/** Which bits of which coefficients a progressive scan has (T.81, G.1.1.1). Throws `ImageError` where there are none such. */
function readSpectrum(
  [first = 0, last = 0, position = 0]: Uint8Array,
  components: number,
): typeof wholeSpectrum {
  const highBit = position >> 4, lowBit = position & 15;
  const isBand = first > 0 ? last >= first && last < 64 && components === 1 : last === 0;
  if (!isBand || lowBit > 13 || highBit > 0 && highBit !== lowBit + 1) {
    throw damagedData(`a scan of coefficients ${first} to ${last}, bits ${lowBit} to ${highBit}`);
  }
  return { first, last, highBit, lowBit };
}

/** What the segments before a scan say: the frame, the tables, the restart interval. */
export class JpegState {
  readonly #huffman: Map<number, HuffmanTable> = new Map();
  readonly #quantization: Map<number, number> = new Map();
  #interval = 0;
  frame: Frame | undefined;

  /** Takes what a segment says. Throws `ImageError` if it is damaged. */
  take({ code, body }: Pick<JpegPart, "code" | "body">): void {
    if (code === DHT) readHuffmanTables(body, this.#huffman);
    if (code === DRI) this.#interval = body[0]! * 256 + body[1]!;
    if (code === DQT) {
      for (let at = 0; at + 1 < body.length;) {
        const isWide = body[at]! >> 4 > 0,
          value = isWide ? body[at + 1]! * 256 + body[at + 2]! : body[at + 1]!;
        this.#quantization.set(body[at]! & 15, value);
        at += 1 + (isWide ? 128 : 64);
      }
    }
    if (isFrame(code)) this.frame ??= readFrame(code, body);
  }

  /** The scan of an SOS segment and its data. Throws `ImageError` if it is of no component of the frame. */
  scan({ body, data }: Pick<JpegPart, "body" | "data">): Scan {
    const { frame } = this, count = body[0]!;
    if (!frame) throw damagedData("no frame header before it");
    if (count === 0) throw damagedData("a scan of no component");
    const members = Array.from({ length: count }, (_, i) => {
      const spec = body.subarray(1 + 2 * i, 3 + 2 * i),
        place = frame.components.findIndex(({ id }) => id === spec[0]);
      const component = frame.components[place];
      if (!component || spec.length < 2) throw damagedData("a scan of other components than the frame's");
      return {
        place,
        component,
        spec,
        dc: this.#huffman.get(spec[1]! >> 4),
        ac: this.#huffman.get(16 + (spec[1]! & 15)),
        quantization: this.#quantization.get(component.quantization) ?? 1,
      };
    });
    const spectrum = frame.isProgressive ? readSpectrum(body.subarray(1 + 2 * count), count) : wholeSpectrum;
    return { frame, members, ...spectrum, interval: this.#interval, bits: new BitReader(data) };
  }
}
