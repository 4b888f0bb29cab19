import { add, depthToSpace, silu } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { conv } from "../../nn/conv.ts";
import { norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/scope.ts";

/** Norm, swish, conv 3×3, twice; plus the input, through a 1×1 convolution where the channels change. */
export function resBlock(scope: Scope, x: Tensor, channels: number): Tensor {
  const kernel = { channels, kernel: 3, bias: false } as const;
  let h = conv(scope.at("conv1"), silu(norm(scope.at("norm1"), x)), kernel);
  h = conv(scope.at("conv2"), silu(norm(scope.at("norm2"), h)), kernel);
  const changes = x.shape.at(-1) !== channels;
  return add(h, changes ? conv(scope.at("nin_shortcut"), x, { channels, kernel: 1, bias: false }) : x);
}

/** `count` ResBlocks in a row, the first of which changes the channels. */
export function resBlocks(
  scope: Scope,
  x: Tensor,
  { count, channels }: { count: number; channels: number },
): Tensor {
  return Array.from({ length: count }).reduce<Tensor>((h, _, i) => resBlock(scope.at(i), h, channels), x);
}

/** Half the height and width: conv 3×3, stride 2, padded by 1 on all four sides. */
export function downsample(scope: Scope, x: Tensor): Tensor {
  return conv(scope.at("downsample"), x, { channels: x.shape.at(-1)!, kernel: 3, stride: 2, bias: true });
}

/** Twice the height and width: conv 3×3 to four times the channels, then depth-to-space. */
export function upsample(scope: Scope, x: Tensor): Tensor {
  return depthToSpace(
    conv(scope.at("upsample", "conv1"), x, { channels: 4 * x.shape.at(-1)!, kernel: 3, bias: true }),
  );
}
