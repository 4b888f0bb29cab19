import type { Attrs, Spec } from "../../graph/ops.ts";
import type { PoolOps } from "../../graph/ops/pool.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { volumeOf, volumeWindow } from "../volume.ts";
import { type Evaluators, floats, type Values } from "./values.ts";
import { forEachTap } from "./windows.ts";

/** What the ops of pooling compute. */
export const poolEvaluators: Evaluators<keyof PoolOps> = { pool, pool_grad: poolGrad };

/** Visits every pair of an element of x and an element of the result whose window contains it. */
function forEachElement(
  x: readonly number[],
  { out, attrs }: { out: readonly number[]; attrs: Attrs<"pool"> },
  visit: (x: number, out: number) => void,
): void {
  const channels = x.at(-1)!;
  forEachTap({ x: volumeOf(x), out: volumeOf(out), ...volumeWindow(attrs) }, (from, to) => {
    for (let c = 0; c < channels; c++) visit(from * channels + c, to * channels + c);
  });
}

/** For each element of the result, the index of the largest element of its window. NaN counts as the largest; ties go to the first. */
function largest(
  x: HostTensor,
  { out, attrs }: { out: readonly number[]; attrs: Attrs<"pool"> },
): Int32Array {
  const best = new Int32Array(sizeOf(out)).fill(-1);
  forEachElement(x.shape, { out, attrs }, (from, to) => {
    const value = x.data[from]!, most = x.data[best[to]!] ?? -Infinity;
    if (best[to]! < 0 || value > most || (Number.isNaN(value) && !Number.isNaN(most))) best[to] = from;
  });
  return best;
}

/** How many elements the mean of each window counts. */
function counts(
  x: readonly number[],
  { out, attrs }: { out: readonly number[]; attrs: Attrs<"pool"> },
): Int32Array {
  const found = new Int32Array(sizeOf(out));
  if (attrs.fn === "average_padded") return found.fill(sizeOf(attrs.kernel));
  forEachElement(x, { out, attrs }, (_, to) => found[to]!++);
  return found;
}

/** Pooling: the largest element of each window, or its mean. */
function pool({ x }: Values<"pool">, attrs: Attrs<"pool">, spec: Spec): HostTensor {
  const at = { out: spec.shape, attrs };
  if (attrs.fn === "max") return floats(spec.shape, Array.from(largest(x, at), (from) => x.data[from]!));
  const sums = new Float64Array(sizeOf(spec.shape)), count = counts(x.shape, at);
  forEachElement(x.shape, at, (from, to) => sums[to]! += x.data[from]!);
  return floats(spec.shape, sums.map((sum, to) => sum / count[to]!));
}

/** The gradient of pooling by x. */
function poolGrad({ x, dy }: Values<"pool_grad">, attrs: Attrs<"pool_grad">, spec: Spec): HostTensor {
  const sums = new Float64Array(sizeOf(spec.shape)), at = { out: dy.shape, attrs };
  if (attrs.fn === "max") largest(x, at).forEach((from, to) => sums[from]! += dy.data[to]!);
  else {
    const count = counts(x.shape, at);
    forEachElement(x.shape, at, (from, to) => sums[from]! += dy.data[to]! / count[to]!);
  }
  return floats(spec.shape, sums);
}
