import type { Attrs, Spec } from "../../graph/ops.ts";
import type { ShapeOps } from "../../graph/ops/shape.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { gather } from "./loops.ts";
import { type Evaluators, floats, hostTensor, type Values } from "./values.ts";

/** What the ops of shape compute. */
export const shapeEvaluators: Evaluators<keyof ShapeOps> = {
  reshape: ({ x }, { shape }) => ({ ...x, shape }) as HostTensor,
  straight_through: ({ value }) => value,
  slice: ({ x }, { axis, start }, spec) => {
    const run = sizeOf(spec.shape.slice(axis)), stride = sizeOf(x.shape.slice(axis));
    const skip = start * sizeOf(x.shape.slice(axis + 1));
    const result = hostTensor(spec);
    for (let o = 0; o * run < result.data.length; o++) {
      result.data.set(x.data.subarray(o * stride + skip, o * stride + skip + run), o * run);
    }
    return result;
  },
  concat: ({ a, b }, { axis }, spec) => {
    const first = sizeOf(a.shape.slice(axis)), second = sizeOf(b.shape.slice(axis));
    const result = hostTensor(spec);
    for (let o = 0; o * (first + second) < result.data.length; o++) {
      result.data.set(a.data.subarray(o * first, (o + 1) * first), o * (first + second));
      result.data.set(b.data.subarray(o * second, (o + 1) * second), o * (first + second) + first);
    }
    return result;
  },
  select: ({ condition, a, b }, _, spec) => {
    const result = hostTensor(spec), row = a.data.length / condition.data.length;
    condition.data.forEach((value, r) => {
      result.data.set((value !== 0 ? a : b).data.subarray(r * row, (r + 1) * row), r * row);
    });
    return result;
  },
  pad,
  permute: ({ x }, { order }, spec) => {
    const strides = stridesOf(x.shape);
    return gather(x, order.map((axis) => strides[axis]!), spec);
  },
};

/** x with entries added before and after it along each axis: zeros, or copies of the nearest element. */
function pad({ x }: Values<"pad">, { padding, mode }: Attrs<"pad">, spec: Spec): HostTensor {
  const result = floats(spec.shape), strides = stridesOf(spec.shape), own = stridesOf(x.shape);
  result.data.forEach((_, i) => {
    let at = 0, inside = true;
    strides.forEach((stride, axis) => {
      const place = Math.floor(i / stride) % spec.shape[axis]! - padding[axis]![0];
      const held = Math.max(0, Math.min(x.shape[axis]! - 1, place));
      inside &&= held === place;
      at += held * own[axis]!;
    });
    if (inside || mode === "replicate") result.data[i] = x.data[at]!;
  });
  return result;
}
