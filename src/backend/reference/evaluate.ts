import type { Attrs, OpName, Spec, Tensor } from "../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { attention, attentionStep, embedding, rope } from "./attention.ts";
import { linear, rmsNorm } from "./linear.ts";
import { guide, philox, sample } from "./sampling.ts";
import { swish, type Values } from "./values.ts";
import { conv2d, depthToSpace, groupNormAffine } from "./vision.ts";

export { swish, type Values };

/** Ops that compute: all but the leaves that only name a value. */
export type ComputedOp = Exclude<OpName, "input" | "param" | "state">;

type Evaluators = {
  [O in ComputedOp]: (inputs: Values<O>, attrs: Attrs<O>, spec: Spec) => HostTensor;
};

/**
 * What every op means, in plain TypeScript with f64 sums: the definition that the kernels of the other backends
 * are tested against.
 */
const evaluators: Evaluators = {
  constant: (_, { value }) => value,

  add: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x + y }),
  sub: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x - y }),
  mul: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x * y }),
  sqrt: ({ x }) => map(x, Math.sqrt),
  silu: ({ x }) => map(x, swish),

  mean: ({ x }, { axes }, spec) => {
    const sums = new Float64Array(sizeOf(spec.shape));
    const strides = stridesOf(spec.shape).map((stride, axis) => axes.includes(axis) ? 0 : stride);
    forEachOffset(x.shape, [strides], (i, [o]) => sums[o!]! += x.data[i]!);
    const count = x.data.length / sums.length;
    return f32Tensor(spec.shape, Float32Array.from(sums, (sum) => sum / count));
  },
  reshape: ({ x }, { shape }) => ({ ...x, shape }) as HostTensor,
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

  linear,
  conv2d,
  group_norm: ({ x, weight, bias }, attrs, spec) => {
    const affine = groupNormAffine({ x, weight, bias }, attrs);
    return channelAffine(x, { affine, spec, swish: false });
  },
  group_norm_affine: (inputs, attrs) => groupNormAffine(inputs, attrs),
  channel_affine: ({ x, affine }, { swish }, spec) => channelAffine(x, { affine, spec, swish }),
  depth_to_space: ({ x }, _, spec) => depthToSpace(x, spec.shape),

  lfq_pack: ({ x }, _, spec) => {
    const bits = x.shape.at(-1)!;
    const result = u32Tensor(spec.shape);
    x.data.forEach((value, i) => {
      if (value > 0) result.data[Math.floor(i / bits)]! += 2 ** (i % bits);
    });
    return result;
  },
  lfq_unpack: ({ x }, { bits }, spec) => {
    const result = f32Tensor(spec.shape);
    for (let i = 0; i < result.data.length; i++) {
      result.data[i] = (x.data[Math.floor(i / bits)]! >>> (i % bits)) & 1 ? 1 : -1;
    }
    return result;
  },

  rms_norm: ({ x, weight }, { eps }) => rmsNorm(x, { weight, eps }),
  embedding,
  swiglu: ({ gate, up }) =>
    f32Tensor(gate.shape, (gate.data as Float32Array).map((value, i) => swish(value) * up.data[i]!)),
  rope: ({ qkv, table, position }, { heads }) => rope(qkv, { table, position, heads }),
  attention,
  attention_step: attentionStep,
  philox,
  guide,
  sample,
};

/** Computes one op from the values of its inputs. */
export function evaluate(
  tensor: Tensor & { op: ComputedOp },
  inputs: Readonly<Record<string, HostTensor>>,
): HostTensor {
  const evaluator = evaluators[tensor.op] as (inputs: unknown, attrs: unknown, spec: Spec) => HostTensor;
  return evaluator(inputs, tensor.attrs, tensor);
}

/** Calls `visit` for each element of `shape`, with its index and its offsets under each list of strides. */
function forEachOffset(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (index: number, offsets: readonly number[]) => void,
): void {
  const own = stridesOf(shape);
  const offsets = new Array<number>(strides.length);
  for (let i = 0, size = sizeOf(shape); i < size; i++) {
    strides.forEach((list, s) => {
      offsets[s] = own.reduce(
        (sum, stride, axis) => sum + Math.floor(i / stride) % shape[axis]! * list[axis]!,
        0,
      );
    });
    visit(i, offsets);
  }
}

function hostTensor({ shape, dtype }: Spec): HostTensor {
  return dtype === "u32" ? u32Tensor(shape) : f32Tensor(shape);
}

function map(x: HostTensor, fn: (value: number) => number): HostTensor {
  return f32Tensor(x.shape, Float32Array.from(x.data, fn));
}

function zip(
  a: HostTensor,
  b: HostTensor,
  { spec, fn }: { spec: Spec; fn: (x: number, y: number) => number },
): HostTensor {
  const result = f32Tensor(spec.shape);
  const strides = [a, b].map((operand) => broadcastStrides(operand.shape, spec.shape));
  forEachOffset(spec.shape, strides, (i, [p, q]) => result.data[i] = fn(a.data[p!]!, b.data[q!]!));
  return result;
}

/** Strides of `shape` read as `target`: 0 along every axis that is repeated. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  return target.map((_, axis) => {
    const source = axis - target.length + shape.length;
    return source < 0 || shape[source] === 1 ? 0 : own[source]!;
  });
}

function channelAffine(
  x: HostTensor,
  { affine, spec, swish: activate }: { affine: HostTensor; spec: Spec; swish: boolean },
): HostTensor {
  const result = f32Tensor(spec.shape);
  const channels = x.shape.at(-1)!, picture = x.data.length / x.shape[0]!;
  for (let i = 0; i < x.data.length; i++) {
    const scale = Math.floor(i / picture) * 2 * channels + i % channels;
    const value = x.data[i]! * affine.data[scale]! + affine.data[scale + channels]!;
    result.data[i] = activate ? swish(value) : value;
  }
  return result;
}
