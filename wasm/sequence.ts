// Ops on rows of sequences: norms, embeddings, choices, copies.
import { ELEMENT_BLOCK } from "./blocks";
import { normRow } from "./linear";
import { F16, HEADER } from "./packed";
import { lowF16 } from "./rows_float";
import { arg, pointer, splat, swish4 } from "./simd";

/* out = x / √(mean x² + eps)·weight. Arguments: x [R,D], weight [D], out, D, eps (f32 bits). Item: one row. */
export function rmsNorm(args: usize, item: i32): void {
  const width = arg(args, 3), at = (<usize>(item * width)) << 2;
  normRow(pointer(args, 0) + at, pointer(args, 1), pointer(args, 2) + at, width, reinterpret<f32>(arg(args, 4)), 1);
}

/*
 * out[i] = table[min(index[i], V − 1)]. Arguments: table (see packed.ts), index u32 [I], out [I,D], D, V. Item: one i.
 */
export function embedding(args: usize, item: i32): void {
  const table = pointer(args, 0), width = arg(args, 3);
  const row = <usize>min(load<u32>(pointer(args, 1) + ((<usize>item) << 2)), <u32>arg(args, 4) - 1);
  const out = pointer(args, 2) + ((<usize>(item * width)) << 2);
  if (load<i32>(table) != F16) {
    memory.copy(out, table + HEADER + row * ((<usize>width) << 2), (<usize>width) << 2);
    return;
  }
  // 2^112, in two steps of 2^56, undoes what widening by bits leaves out.
  const factor = splat(72057594037927936.0);
  const f16 = table + HEADER + row * ((<usize>width) << 1);
  for (let i = 0; i < width; i += 4) {
    const four = v128.load64_zero(f16 + ((<usize>i) << 1));
    const values = f32x4.mul(f32x4.mul(lowF16(four), factor), factor);
    for (let j = i; j < min(i + 4, width); j++) storeLane(out, j, j - i, values);
  }
}

/*
 * The same of a table that no loader packed. Arguments: table f32 [V,D], index u32 [I], out [I,D], D, V. Item: one i.
 */
// @training
export function embeddingPlain(args: usize, item: i32): void {
  const bytes = (<usize>arg(args, 3)) << 2;
  const row = <usize>min(load<u32>(pointer(args, 1) + ((<usize>item) << 2)), <u32>arg(args, 4) - 1);
  memory.copy(pointer(args, 2) + (<usize>item) * bytes, pointer(args, 0) + row * bytes, bytes);
}

function storeLane(out: usize, at: i32, lane: i32, values: v128): void {
  const value = lane == 0
    ? f32x4.extract_lane(values, 0)
    : lane == 1
    ? f32x4.extract_lane(values, 1)
    : lane == 2
    ? f32x4.extract_lane(values, 2)
    : f32x4.extract_lane(values, 3);
  store<f32>(out + ((<usize>at) << 2), value);
}

/* out[r] = condition[r] ? a[r] : b[r]. Arguments: condition u32 [R], a, b, out, words of a row. Item: one row. */
export function selectRows(args: usize, item: i32): void {
  const bytes = (<usize>arg(args, 4)) << 2, at = (<usize>item) * bytes;
  const chosen = load<u32>(pointer(args, 0) + ((<usize>item) << 2)) ? pointer(args, 1) : pointer(args, 2);
  memory.copy(pointer(args, 3) + at, chosen + at, bytes);
}

/* Copies runs. Arguments: from, to, words of a run, words from run to run in each. Item: one run. */
export function copyRuns(args: usize, item: i32): void {
  const from = pointer(args, 0) + ((<usize>(item * arg(args, 3))) << 2);
  const to = pointer(args, 1) + ((<usize>(item * arg(args, 4))) << 2);
  memory.copy(to, from, (<usize>arg(args, 2)) << 2);
}

/* out = swish(gate)·up. Arguments: gate, up, out, elements (buffers are padded). Item: a block of 4096. */
export function swiglu(args: usize, item: i32): void {
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 3) - item * ELEMENT_BLOCK)) << 2;
  const gate = pointer(args, 0) + begin, up = pointer(args, 1) + begin, out = pointer(args, 2) + begin;
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(out + i, f32x4.mul(swish4(v128.load(gate + i)), v128.load(up + i)));
  }
}
