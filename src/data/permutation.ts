import { philox4x32 } from "../tensor/philox.ts";

/** Rounds of the cipher. Four suffice for large sets; small ones mix in a few bits a round. */
const rounds = 8;

/**
 * Where `place` goes in a random order of `0 … length − 1`: a one-to-one function for each key, computed without a
 * table. It is a Feistel cipher over the smallest square of a power of two that holds all places, walked until the result is
 * one of them.
 */
export function permuted(
  place: number,
  { length, key, number }: {
    length: number;
    key: readonly [number, number];
    /** Which of the key's orders, such as the epoch. */
    number: number;
  },
): number {
  const half = Math.max(1, Math.ceil(Math.log2(length) / 2)), base = 2 ** half;
  let at = place;
  do {
    let left = Math.floor(at / base), right = at % base;
    for (let round = 0; round < rounds; round++) {
      const [word] = philox4x32(key, [right, round, number, permutationTag]);
      [left, right] = [right, (left ^ word) & (base - 1)];
    }
    at = left * base + right;
  } while (at >= length);
  return at;
}

/** Keeps the words of orders apart from those of samples under the same key. */
const permutationTag = 0x5045524d;
