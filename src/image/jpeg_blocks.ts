import { damagedData, type HuffmanTable } from "./jpeg_bits.ts";
import type { Scan, ScanMember } from "./jpeg_state.ts";

/** The largest first coefficient of 8-bit samples, all of them 0 or 255. */
const maxDc = 1024;

/** Which coefficients of a component's blocks are not 0: 64 bits for each block. Scans that refine depend on it. */
type Known = Uint32Array;

/**
 * Walks over blocks of a scan without computing pixels. Throws `ImageError` for what no encoder writes; decoders pass over most of
 * it.
 */
export class BlockWalk {
  readonly #scan: Scan;
  readonly #known: Map<number, Known>;
  /** The first coefficients of the blocks before, by the members' order. */
  readonly #dc: number[];
  /** Blocks that have no more coefficients in this scan (T.81, G.1.2.2). */
  #endOfBand = 0;

  /** `known` is shared by the scans of a file, by the components' places. */
  constructor(scan: Scan, known: Map<number, Known>) {
    this.#scan = scan;
    this.#known = known;
    this.#dc = scan.members.map(() => 0);
  }

  /** Ends an interval: what follows does not depend on what was before. */
  restart(): void {
    if (this.#endOfBand > 0) throw damagedData("fewer blocks than a run of empty ones has");
    this.#dc.fill(0);
  }

  /** Walks over a block of a member, by its number in the component. */
  block(i: number, number: number): void {
    const { frame, first, highBit, bits } = this.#scan, member = this.#scan.members[i]!;
    if (first > 0) this.#band(member, number);
    else if (highBit > 0) bits.skip(1);
    else this.#first(member, i);
    if (!frame.isProgressive) this.#rest(member);
  }

  /** The first coefficient: its difference from the one before. */
  #first({ dc, quantization }: ScanMember, i: number): void {
    const { bits, lowBit } = this.#scan, size = bits.symbol(dc!);
    if (size > 15) throw damagedData(`a difference of ${size} bits`);
    const value = size > 0 ? bits.read(size) : 0;
    this.#dc[i]! += value >= 1 << size >> 1 ? value : value - (1 << size) + 1;
    const step = quantization << lowBit;
    // Encoders may round twice.
    if (Math.abs(this.#dc[i]! * step) > maxDc + 2 * step) {
      throw damagedData("a brightness that no pixels have");
    }
  }

  /** The others, without progression (T.81, F.2.2.2). */
  #rest({ ac }: ScanMember): void {
    const { bits } = this.#scan;
    for (let k = 1; k < 64; k++) {
      const value = bits.symbol(ac!), size = value & 15;
      if (size === 0 && value < 0xf0) return;
      k += value >> 4;
      if (k > 63) throw tooMany();
      bits.skip(size);
    }
  }

  /** Coefficients of a progressive scan without the first one. */
  #band({ place, component, ac }: ScanMember, number: number): void {
    let known = this.#known.get(place);
    if (!known) {
      this.#known.set(place, known = new Uint32Array(2 * component.allColumns * component.allRows));
    }
    if (this.#scan.highBit > 0) this.#refine(ac!, { known, at: 2 * number });
    else if (this.#endOfBand > 0) this.#endOfBand--;
    else this.#begin(ac!, { known, at: 2 * number });
  }

  /** Their first bits (T.81, G.1.2.2). */
  #begin(ac: HuffmanTable, block: { known: Known; at: number }): void {
    const { bits, first, last } = this.#scan;
    for (let k = first; k <= last; k++) {
      const value = bits.symbol(ac), run = value >> 4, size = value & 15;
      if (size === 0 && run < 15) {
        this.#endOfBand = (1 << run) + (run > 0 ? bits.read(run) : 0) - 1;
        return;
      }
      k += run;
      if (k > last) throw tooMany();
      bits.skip(size);
      if (size > 0) learn(block, k);
    }
  }

  /** A bit more of those that are known, and new ones among the others (T.81, G.1.2.3). */
  #refine(ac: HuffmanTable, block: { known: Known; at: number }): void {
    const { bits, first, last } = this.#scan;
    let k = first;
    for (; this.#endOfBand === 0 && k <= last; k++) {
      const value = bits.symbol(ac), size = value & 15;
      let zeros = value >> 4;
      if (size === 0 && zeros < 15) {
        this.#endOfBand = (1 << zeros) + (zeros > 0 ? bits.read(zeros) : 0);
        break;
      }
      if (size > 1) throw damagedData("a new coefficient of more than a bit");
      bits.skip(size);
      for (; k <= last; k++) {
        if (isKnown(block, k)) bits.skip(1);
        else if (zeros-- === 0) break;
      }
      if (k > last) throw tooMany();
      if (size > 0) learn(block, k);
    }
    if (this.#endOfBand === 0) return;
    for (; k <= last; k++) if (isKnown(block, k)) bits.skip(1);
    this.#endOfBand--;
  }
}

function isKnown({ known, at }: { known: Known; at: number }, k: number): boolean {
  return (known[at + (k >> 5)]! >>> (k & 31) & 1) === 1;
}

function learn({ known, at }: { known: Known; at: number }, k: number): void {
  known[at + (k >> 5)]! |= 1 << (k & 31);
}

function tooMany() {
  return damagedData("a block of more than 64 coefficients");
}
