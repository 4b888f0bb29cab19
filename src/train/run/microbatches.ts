import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import type { Inputs } from "../training_program.ts";

/** The data of a step, divided into `count` microbatches along the first axis. */
export function microbatchesOf(data: Inputs, count: number): Inputs[] {
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      Object.entries(data).map(([name, tensor]) => [name, sliceOf(tensor, { index, of: count })]),
    ));
}

function sliceOf({ shape, data }: HostTensor, { index, of }: { index: number; of: number }): HostTensor {
  const length = data.length / of, own = shape.with(0, shape[0]! / of);
  const [begin, end] = [index * length, (index + 1) * length];
  return data instanceof Float32Array
    ? f32Tensor(own, data.subarray(begin, end))
    : u32Tensor(own, data.subarray(begin, end));
}
