import type { Attrs, OpName, Spec, Tensor } from "../../graph/ops.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { attention, attentionStep, embedding, rope } from "./attention.ts";
import { linear, rmsNorm } from "./linear.ts";
import { guide, philox, sample } from "./sampling.ts";
import { floats, type Precision, swish, type Values, withPrecision } from "./values.ts";
import { forEachOffset, map, zip } from "./loops.ts";
import { trainingEvaluators } from "./training.ts";
import { channelAffine, conv2d, depthToSpace, groupNormAffine } from "./vision.ts";

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
  constant: (_, { value }) => value.dtype === "f32" ? floats(value.shape, value.data) : value,

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
    return floats(spec.shape, sums.map((sum) => sum / count));
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
    const result = floats(spec.shape);
    for (let i = 0; i < result.data.length; i++) {
      result.data[i] = (x.data[Math.floor(i / bits)]! >>> (i % bits)) & 1 ? 1 : -1;
    }
    return result;
  },

  rms_norm: ({ x, weight }, { eps }) => rmsNorm(x, { weight, eps }),
  embedding,
  swiglu: ({ gate, up }) => zip(gate, up, { spec: gate, fn: (a, b) => swish(a) * b }),
  rope: ({ qkv, table, position }, { heads }) => rope(qkv, { table, position, heads }),
  attention,
  attention_step: attentionStep,
  philox,
  guide,
  sample,

  ...trainingEvaluators,
};

/** Computes one op from the values of its inputs. */
export function evaluate(
  tensor: Tensor & { op: ComputedOp },
  inputs: Readonly<Record<string, HostTensor>>,
  precision: Precision = "f32",
): HostTensor {
  const evaluator = evaluators[tensor.op] as (inputs: unknown, attrs: unknown, spec: Spec) => HostTensor;
  return withPrecision(precision, () => evaluator(inputs, tensor.attrs, tensor));
}

function hostTensor({ shape, dtype }: Spec): HostTensor {
  return dtype === "u32" ? u32Tensor(shape) : floats(shape);
}
