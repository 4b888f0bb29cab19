import { conv2d } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "./scope.ts";

/** A convolution K×K to `channels`, padded by K/2. x `[N,H,W,C]` → `[N,H/stride,W/stride,channels]`. */
export function conv(
  scope: Scope,
  x: Tensor,
  { channels, kernel, stride = 1, bias }: { channels: number; kernel: 1 | 3; stride?: 1 | 2; bias: boolean },
): Tensor {
  return conv2d(x, {
    weight: scope.param("weight", [channels, x.shape.at(-1)!, kernel, kernel]),
    bias: bias ? scope.param("bias", [channels]) : undefined,
    stride,
    padding: kernel >> 1,
  });
}
