import { philox4x32 } from "../tensor/philox.ts";

/** What a stream of random numbers is a function of. */
export interface StreamKey {
  /** Of the whole training, a whole number from 0 up to 2⁵³. */
  readonly seed: number;
  /** What the numbers are for, by which streams of one seed are told apart. */
  readonly name: string;
}

/** The last word of the counter: images and dropout have others. */
const purpose = 0x10000000;

/**
 * Random numbers by Philox4x32-10 (Salmon et al. 2011), whose key is the seed, and whose counter is (number of the four
 * words, hash of the name, 0, purpose): no stream depends on what was sampled from another.
 */
export class RandomStream {
  readonly #key: readonly [number, number];
  readonly #part: number;
  #words: readonly number[] = [];
  #sampled = 0;

  constructor({ seed, name }: StreamKey) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#part = hashOf(name);
  }

  /** 32 random bits. */
  word(): number {
    const at = this.#sampled++ & 3;
    if (at === 0) this.#words = philox4x32(this.#key, [this.#sampled >>> 2, this.#part, 0, purpose]);
    return this.#words[at]!;
  }

  /** From 0 up to, but not including, 1. */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** Of mean 0 and deviation 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** A number for a name: FNV-1a. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
