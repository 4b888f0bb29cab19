// Packed matrices, which say themselves how their values are stored.
//
// A header of 64 bytes, whose first word is the format; then, of a matrix that multiplies, panels of 8 rows (the
// outputs; zeros beyond the last), each with its values in the order in which the kernels read them:
//   f32: [K][8] f32. K is padded with zeros to a multiple of 4, here and for f16.
//   f16: [8] f32 by which each row's sums are multiplied, then [K][8] f16, each row scaled by a power of two so that
//        none of its values is subnormal.
//   q8:  by block of 32 of K: [16 pairs of k][8 rows][2] i8, then [8] f16 scales. K is padded with zeros to 32. Where K
//        is over 2048, the blocks are cut into parts: first all panels' first parts, then all panels' second ones. So
//        the rows that are multiplied with a part stay in the first cache, and memory is read in one stream.
// Of a table of embeddings: rows of values, f32 or f16.
export const F32: i32 = 0;
export const F16: i32 = 1;
export const Q8: i32 = 2;

export const HEADER: usize = 64;
/** A block of eight rows of q8 with its scales. */
export const Q8_BLOCK_BYTES: usize = 272;

/** K as padded. */
// @ts-ignore: decorator
@inline
export function paddedInputs(format: i32, k: i32): i32 {
  return format == Q8 ? (k + 31) & ~31 : (k + 3) & ~3;
}

/** Into how many parts the panels of q8 are cut for K inputs, as padded: see above. */
// @ts-ignore: decorator
@inline
export function q8Parts(k: i32): i32 {
  return max(1, (k + 2047) >> 11);
}

/** Blocks of each part but the last, which may have less. */
// @ts-ignore: decorator
@inline
export function q8Blocks(k: i32): i32 {
  const parts = q8Parts(k);
  return ((k >> 5) + parts - 1) / parts;
}

/** Bytes of a panel for K inputs, as padded; of q8, of a part of it, for that many blocks. */
export function partBytes(format: i32, size: i32): usize {
  if (format == F32) return (<usize>size) << 5;
  if (format == F16) return 32 + ((<usize>size) << 4);
  return (<usize>size) * Q8_BLOCK_BYTES;
}
