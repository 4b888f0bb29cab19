import { inputsOf, type Tensor, type TensorOf } from "./ops.ts";
import { graphOf } from "./trace.ts";

/** The same function with another tensor in the place of each weight; `replace` is called for each of their handles. */
export function replaceParams<K extends string>(
  outputs: Readonly<Record<K, Tensor>>,
  replace: (param: TensorOf<"param">) => Tensor,
): Record<K, Tensor> {
  const replaced = new Map<Tensor, Tensor>();
  for (const tensor of graphOf(outputs).tensors) {
    const inputs = Object.entries(tensor.inputs as Record<string, Tensor | undefined>)
      .map(([name, read]) => [name, read && replaced.get(read)] as const);
    const changed = inputsOf(tensor).some((read) => replaced.get(read) !== read);
    const copy = changed ? { ...tensor, inputs: Object.fromEntries(inputs) } as unknown as Tensor : tensor;
    replaced.set(tensor, tensor.op === "param" ? replace(tensor) : copy);
  }
  return Object.fromEntries(
    Object.entries<Tensor>(outputs).map(([name, tensor]) => [name, replaced.get(tensor)!]),
  ) as Record<K, Tensor>;
}
