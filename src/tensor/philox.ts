/**
 * Philox4x32-10 (Salmon et al. 2011): computes four random 32-bit words from a key of two words and a counter of four
 * words, in ten rounds of two 32×32→64-bit products.
 */
export function philox4x32(
  key: ArrayLike<number>,
  counter: ArrayLike<number>,
): [number, number, number, number] {
  let k0 = key[0]! | 0, k1 = key[1]! | 0;
  let c0 = counter[0]! | 0, c1 = counter[1]! | 0, c2 = counter[2]! | 0, c3 = counter[3]! | 0;
  for (let round = 0; round < 10; round++) {
    const a = Math.imul(c0, 0xd2511f53), b = Math.imul(c2, 0xcd9e8d57);
    const highA = highWord(c0, 0xd251, 0x1f53), highB = highWord(c2, 0xcd9e, 0x8d57);
    c0 = highB ^ c1 ^ k0;
    c2 = highA ^ c3 ^ k1;
    c1 = b;
    c3 = a;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The upper half of the product of a word and `high · 2^16 + low`. */
function highWord(word: number, high: number, low: number): number {
  const wordLow = word & 0xffff, wordHigh = word >>> 16;
  // Each product is below 2^32 and each sum below 2^53.
  const middle = wordHigh * low + ((wordLow * low) / 65536 | 0);
  return wordHigh * high + Math.floor((middle + wordLow * high) / 65536) | 0;
}
