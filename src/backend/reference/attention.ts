import type { Attrs, Spec } from "../../graph/ops.ts";
import type { AttentionOps } from "../../graph/ops/attention.ts";
import { f16ToNumber, numberToF16 } from "../../tensor/dtype.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { type Evaluators, floats, type Values } from "./values.ts";

/** What the ops of attention compute. */
export const attentionEvaluators: Evaluators<keyof AttentionOps> = {
  rope: ({ qkv, table, position }, { heads }) => rope(qkv, { table, position, heads }),
  attention,
  attention_step: attentionStep,
  attention_grad: attentionGrad,
};

/** Turns each adjacent pair of q and k by cosine and sine in the table's row for its position. */
function rope(
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
function attention(
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

/** Attention of one position over the cache, after writing its own keys and values there: as f16 if `f16` is set. */
function attentionStep(
  inputs: Values<"attention_step">,
  { heads, f16 }: Attrs<"attention_step">,
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
        cached(which, p).set(f16 ? values.map(roundToF16) : values);
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

/** The f16 nearest to `value`. */
function roundToF16(value: number): number {
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

/** The gradient of causal attention by q, k and v, its probabilities computed again. */
function attentionGrad(
  { qkv, dy }: Values<"attention_grad">,
  { heads }: Attrs<"attention_grad">,
  spec: Spec,
): HostTensor {
  const [sequences, positions, width] = dy.shape as [number, number, number];
  const head = width / heads, scale = 1 / Math.sqrt(head);
  const sums = new Float64Array(qkv.data.length);
  for (let b = 0; b < sequences; b++) {
    for (let h = 0; h < heads; h++) {
      const at = (position: number, which: number) =>
        ((b * positions + position) * 3 + which) * width + h * head;
      const dot = (x: ArrayLike<number>, p: number, y: ArrayLike<number>, q: number) => {
        let sum = 0;
        for (let c = 0; c < head; c++) sum += x[p + c]! * y[q + c]!;
        return sum;
      };
      for (let p = 0; p < positions; p++) {
        const out = (b * positions + p) * width + h * head;
        const scores = Array.from(
          { length: p + 1 },
          (_, i) => scale * dot(qkv.data, at(p, 0), qkv.data, at(i, 1)),
        );
        const most = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - most));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const slopes = weights.map((_, i) => dot(dy.data, out, qkv.data, at(i, 2)));
        const average = weights.reduce((sum, weight, i) => sum + weight / total * slopes[i]!, 0);
        weights.forEach((weight, i) => {
          const probability = weight / total, ds = probability * (slopes[i]! - average) * scale;
          for (let c = 0; c < head; c++) {
            sums[at(p, 0) + c]! += ds * qkv.data[at(i, 1) + c]!;
            sums[at(i, 1) + c]! += ds * qkv.data[at(p, 0) + c]!;
            sums[at(i, 2) + c]! += probability * dy.data[out + c]!;
          }
        });
      }
    }
  }
  return floats(spec.shape, sums);
}
