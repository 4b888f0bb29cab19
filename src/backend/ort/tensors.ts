import type { Shape } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { f32Tensor, type GraphDType, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { OrtRuntime, OrtTensor } from "./runtime.ts";

/** A host tensor as the exports take it: u32 as int64. */
export function fromHost({ shape, data }: HostTensor, { Tensor }: OrtRuntime): OrtTensor {
  return data instanceof Float32Array
    ? new Tensor("float32", data, shape)
    : new Tensor("int64", BigInt64Array.from(data, BigInt), shape);
}

/** The value of an output. */
export function toHost({ dims, data }: OrtTensor): HostTensor {
  return data instanceof BigInt64Array
    ? u32Tensor([...dims], Uint32Array.from(data, Number))
    : f32Tensor([...dims], data as Float32Array);
}

/** A state before the first run. */
export function zeros(
  { shape, dtype, f16 }: { shape: Shape; dtype: GraphDType; f16?: boolean },
  { Tensor }: OrtRuntime,
): OrtTensor {
  const size = sizeOf(shape);
  if (dtype === "u32") return new Tensor("int64", new BigInt64Array(size), shape);
  return f16
    ? new Tensor("float16", new Uint16Array(size), shape)
    : new Tensor("float32", new Float32Array(size), shape);
}
