import { type HostTensor, u32Tensor } from "../../tensor/tensor.ts";

/** Tokens cut into two sub-tokens, the lower bits first, as inputs of the transformer. */
export function subTokensOf(
  { shape, data }: HostTensor<"u32">,
  [first]: readonly [number, number],
): { pre: HostTensor<"u32">; post: HostTensor<"u32"> } {
  return {
    pre: u32Tensor(shape, data.map((token) => token & (2 ** first - 1))),
    post: u32Tensor(shape, data.map((token) => token >>> first)),
  };
}
