import { f32Tensor, type HostTensor, u32Tensor } from "../../tensor/tensor.ts";
import { stepPart } from "../accumulation.ts";
import type { Inputs } from "./stage.ts";

/** The data of a step cut into so many parts along their first axis, each with the input that says which it is. */
export function partsOf(data: Inputs, count: number): Inputs[] {
  if (count === 1) return [data];
  return Array.from({ length: count }, (_, part) => ({
    ...Object.fromEntries(
      Object.entries(data).map(([name, tensor]) => [name, partOf(tensor, { part, of: count })]),
    ),
    ...stepPart({ part, of: count }),
  }));
}

function partOf({ shape, data }: HostTensor, { part, of }: { part: number; of: number }): HostTensor {
  const length = data.length / of, own = shape.with(0, shape[0]! / of);
  const [begin, end] = [part * length, (part + 1) * length];
  return data instanceof Float32Array
    ? f32Tensor(own, data.subarray(begin, end))
    : u32Tensor(own, data.subarray(begin, end));
}

/** What a step's parts tell together: means, but of the last part what is summed up, counted or adapted over them. */
export function together(outputs: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const last = outputs.at(-1)!;
  return Object.fromEntries(
    Object.entries(last).map(([name, value]) => {
      if (name === "finite" || name === "loss_scale" || name.startsWith("grad_norm")) return [name, value];
      return [name, outputs.reduce((sum, output) => sum + output[name]!, 0) / outputs.length];
    }),
  );
}
