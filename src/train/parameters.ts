import { state } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { replaceParams } from "../graph/replace.ts";

/** A graph's outputs with its weights as states, which training can change, and those states by the weights' names. */
export interface Trainable<K extends string> {
  readonly outputs: Record<K, Tensor>;
  readonly parameters: ReadonlyMap<string, Tensor>;
}

/** Makes states of the weights behind `outputs`, all of them or those that `trains` picks by their names. */
export function trainable<K extends string>(
  outputs: Readonly<Record<K, Tensor>>,
  trains: (name: string) => boolean = () => true,
): Trainable<K> {
  const parameters = new Map<string, Tensor>();
  const replaced = replaceParams(outputs, (param) => {
    const { name, shape } = param.attrs;
    if (!trains(name)) return param as Tensor;
    if (!parameters.has(name)) parameters.set(name, state(name, { shape, dtype: "f32" }));
    return parameters.get(name)!;
  });
  return { outputs: replaced, parameters };
}
