import type { ShapeOps } from "../../graph/ops/shape.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { broadcastStrides, gather } from "./loops.ts";
import { type Evaluators, hostTensor } from "./values.ts";

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
  broadcast_to: ({ x }, _, spec) => gather(x, broadcastStrides(x.shape, spec.shape), spec),
  permute: ({ x }, { order }, spec) => {
    const strides = stridesOf(x.shape);
    return gather(x, order.map((axis) => strides[axis]!), spec);
  },
};
