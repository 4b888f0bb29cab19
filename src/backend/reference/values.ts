import type { Inputs, OpName } from "../../graph/ops.ts";
import type { HostTensor } from "../../tensor/tensor.ts";

/** The host tensors behind an op's named inputs. */
export type Values<O extends OpName> = { readonly [K in keyof Inputs<O>]: HostTensor };

/** `x · sigmoid(x)`. */
export function swish(x: number): number {
  return x / (1 + Math.exp(-x));
}
