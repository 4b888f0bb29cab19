import type { Attrs, Spec } from "../../graph/ops.ts";
import { f16ToNumber, numberToF16 } from "../../tensor/dtype.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { floats, type Values } from "./values.ts";

/** Rows of the table by index; an index beyond it reads the last row. */
export function embedding(
  { table, index }: Values<"embedding">,
  _: Attrs<"embedding">,
  spec: Spec,
): HostTensor<"f32"> {
  const [words, width] = table.shape as [number, number];
  const result = floats(spec.shape);
  index.data.forEach((word, i) => {
    const row = Math.min(word, words - 1) * width;
    result.data.set(table.data.subarray(row, row + width), i * width);
  });
  return result;
}

/** Turns each adjacent pair of q and k by cosine and sine in the table's row for its position. */
export function rope(
  qkv: HostTensor,
  { table, position, heads }: { table: HostTensor; position: HostTensor; heads: number },
): HostTensor<"f32"> {
  const width = qkv.shape.at(-1)! / 3, head = width / heads;
  const result = floats(qkv.shape, qkv.data.slice());
  position.data.forEach((p, r) => {
    for (let i = 0; i < 2 * width; i += 2) {
      const at = r * 3 * width + i;
      const cosine = table.data[p * head + i % head]!, sine = table.data[p * head + i % head + 1]!;
      const a = qkv.data[at]!, b = qkv.data[at + 1]!;
      result.data[at] = a * cosine - b * sine;
      result.data[at + 1] = b * cosine + a * sine;
    }
  });
  return result;
}

/** Causal attention over whole sequences. */
export function attention(
  { qkv }: Values<"attention">,
  { heads }: Attrs<"attention">,
  spec: Spec,
): HostTensor<"f32"> {
  const [sequences, positions, width] = spec.shape as [number, number, number];
  const head = width / heads, result = floats(spec.shape);
  const data = qkv.data as Float32Array;
  for (let b = 0; b < sequences; b++) {
    for (let h = 0; h < heads; h++) {
      for (let p = 0; p < positions; p++) {
        const part = (position: number, which: number) => {
          const at = ((b * positions + position) * 3 + which) * width + h * head;
          return data.subarray(at, at + head);
        };
        attend(part(p, 0), {
          keys: (i) => part(i, 1),
          values: (i) => part(i, 2),
          last: p,
          out: result.data.subarray((b * positions + p) * width + h * head).subarray(0, head),
        });
      }
    }
  }
  return result;
}

/** Attention of one position over the cache, which it joins first, rounded to halves where asked. Writes the cache. */
export function attentionStep(
  inputs: Values<"attention_step">,
  { heads, halves }: Attrs<"attention_step">,
  spec: Spec,
): HostTensor<"f32"> {
  const { cache, position, table } = inputs;
  const qkv = table ? rope(inputs.qkv, { table, position, heads }) : inputs.qkv;
  const width = spec.shape[1]!, head = width / heads, positions = cache.shape[3]!;
  const result = floats(spec.shape);
  const data = qkv.data as Float32Array;
  position.data.forEach((p, r) => {
    for (let h = 0; h < heads; h++) {
      const part = (which: number) => {
        const at = (r * 3 + which) * width + h * head;
        return data.subarray(at, at + head);
      };
      const cached = (which: number, i: number) => {
        const at = (((r * 2 + which) * heads + h) * positions + i) * head;
        return (cache.data as Float32Array).subarray(at, at + head);
      };
      for (const which of [0, 1]) {
        const values = part(which + 1);
        cached(which, p).set(halves ? values.map(roundToHalf) : values);
      }
      attend(part(0), {
        keys: (i) => cached(0, i),
        values: (i) => cached(1, i),
        last: p,
        out: result.data.subarray(r * width + h * head, r * width + (h + 1) * head),
      });
    }
  });
  return result;
}

/** The half nearest to `value`. */
function roundToHalf(value: number): number {
  return f16ToNumber(numberToF16(value));
}

/** One query of one head over positions 0 to `last`. */
function attend(
  query: Float32Array,
  { keys, values, last, out }: {
    keys: (position: number) => Float32Array;
    values: (position: number) => Float32Array;
    last: number;
    out: Float32Array;
  },
): void {
  const scores = Array.from({ length: last + 1 }, (_, i) => {
    const key = keys(i);
    return query.reduce((sum, value, c) => sum + value * key[c]!, 0) / Math.sqrt(query.length);
  });
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const sums = new Float64Array(out.length);
  weights.forEach((weight, i) => values(i).forEach((value, c) => sums[c]! += weight / total * value));
  out.set(sums);
}
