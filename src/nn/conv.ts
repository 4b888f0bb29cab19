import { conv as convolution } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/**
 * A convolution with a kernel of K along each axis, to `channels`, padded by K/2 in space. x `[N,H,W,C]` →
 * `[N,H/stride,W/stride,channels]`; of films `[N,T,H,W,C]` causal in time: padded by K−1 frames of zeros in front, none behind.
 * The weights of films are below `conv_1`.
 */
export function conv(
  scope: Scope,
  x: Tensor,
  { channels, kernel, stride = 1, strideInTime = 1, bias }: {
    channels: number;
    kernel: 1 | 3;
    stride?: 1 | 2;
    strideInTime?: 1 | 2;
    bias: boolean;
  },
): Tensor {
  const isFilm = x.shape.length === 5, at = isFilm ? scope.at("conv_1") : scope;
  const half = kernel >> 1, time = <Item>(item: Item) => isFilm ? [item] : [];
  return convolution(x, {
    weight: at.param("weight", [channels, x.shape.at(-1)!, ...time(kernel), kernel, kernel]),
    bias: bias ? at.param("bias", [channels]) : undefined,
    stride: [...time(strideInTime), stride, stride],
    padding: [...time([kernel - 1, 0] as const), [half, half], [half, half]],
  });
}
