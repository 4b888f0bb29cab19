import { type ComputedOp, evaluate } from "../../src/backend/reference/evaluate.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { graphOf } from "../../src/graph/trace.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";

/** Values by the names of inputs; those of f32 may be f64. */
export type WideInputs = Readonly<Record<string, HostTensor>>;

/** Computes `outputs` by the reference, everything in f64. */
export function evaluateWide<K extends string>(
  outputs: Readonly<Record<K, Tensor>>,
  inputs: WideInputs,
): Record<K, ArrayLike<number>> {
  const values = new Map<Tensor, HostTensor>();
  for (const tensor of graphOf(outputs).tensors) {
    if (tensor.op === "input") {
      values.set(tensor, inputs[tensor.attrs.name]!);
      continue;
    }
    const operands = Object.entries(tensor.inputs as Record<string, Tensor | undefined>)
      .flatMap(([name, read]) => read ? [[name, values.get(read)!] as const] : []);
    values.set(tensor, evaluate(tensor as Tensor & { op: ComputedOp }, Object.fromEntries(operands), "f64"));
  }
  const results = Object.entries<Tensor>(outputs).map(([name, tensor]) => [name, values.get(tensor)!.data]);
  return Object.fromEntries(results) as Record<K, ArrayLike<number>>;
}

/** `values` with `step·direction` added, in f64; u32 stays as it is. */
export function moved(values: HostTensor, step: number, direction?: ArrayLike<number>): HostTensor {
  if (values.dtype === "u32") return values;
  const data = Float64Array.from(values.data, (value, i) => value + (direction ? step * direction[i]! : 0));
  return { ...values, data: data as unknown as Float32Array } as HostTensor;
}
