import { add, concat, depthToSpace, reshape, silu, slice } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { conv } from "../../nn/conv.ts";
import { norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/scope.ts";

/** Norm, swish, conv with a kernel of 3, twice; plus the input, through a kernel of 1 where the channels change. */
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

/** Half the height and width, and with `inTime` the frames: conv with kernels of 3 and a stride of 2. */
export function downsample(scope: Scope, x: Tensor, { inTime }: { inTime: boolean }): Tensor {
  const kernel = { channels: x.shape.at(-1)!, kernel: 3, stride: 2, bias: true } as const;
  return conv(scope.at("downsample"), x, { ...kernel, strideInTime: inTime ? 2 : 1 });
}

/**
 * Twice the height and width: conv to four times the channels, then depth-to-space. With `inTime` twice the frames less one: eight
 * times the channels, half of which become every second frame, of which the first is dropped.
 */
export function upsample(scope: Scope, x: Tensor, { inTime }: { inTime: boolean }): Tensor {
  const frames = inTime ? 2 : 1, channels = 4 * frames * x.shape.at(-1)!;
  const h = conv(scope.at("upsample", "conv1"), x, { channels, kernel: 3, bias: true });
  return inTime ? timeFromDepth(h) : depthToSpace(h);
}

/** `[N,T,H,W,8·C]` → `[N,2·T−1,2·H,2·W,C]`: the halves of the channels become frames 2t and 2t+1, without frame 1. */
function timeFromDepth(x: Tensor): Tensor {
  const depth = x.shape.at(-1)! / 2;
  const [even, odd] = [0, 1].map((half) =>
    depthToSpace(slice(x, { axis: 4, start: half * depth, length: depth }))
  ) as [Tensor, Tensor];
  const [n, t, h, w, channels] = even.shape as [number, number, number, number, number];
  if (t === 1) return even;
  const [first, ...pairs] = [
    slice(even, { axis: 1, start: 0, length: 1 }),
    ...[even, odd].map((half) => {
      const rest = slice(half, { axis: 1, start: 1, length: t - 1 });
      return reshape(rest, [n, t - 1, 1, h, w, channels]);
    }),
  ] as [Tensor, Tensor, Tensor];
  const others = reshape(concat(...pairs, { axis: 2 }), [n, 2 * t - 2, h, w, channels]);
  return concat(first, others, { axis: 1 });
}
