import { conv2d, leakyRelu } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "../nn/scope.ts";
import { batchNorm, batchNormBy, type Statistics } from "../nn/batch_norm.ts";

/** The size of a PatchGAN. */
export interface PatchGanConfig {
  /** Channels of the first layer. */
  readonly ndf: number;
  /** Layers of stride 2. */
  readonly layers: number;
}

const slope = 0.2, kernel = 4;
/** Largest number of channels, in multiples of `ndf`. */
const mostGrowth = 8;

/**
 * The PatchGAN discriminator (arXiv 1611.07004): images `[N,H,W,3]` → logits `[N,h,w,1]`. Its BatchNorms use the
 * statistics of the batch, which `batches` holds by the path of the layer, or those in `running` by the same paths.
 *
 * Parameters: `main.<i>` of the layers as torch.nn.Sequential numbers them.
 */
export function patchGan(
  scope: Scope,
  x: Tensor,
  { ndf, layers, running }: PatchGanConfig & { running?: ReadonlyMap<string, Statistics> },
): { logits: Tensor; batches: Map<string, Statistics> } {
  const batches = new Map<string, Statistics>();
  let number = 0;
  const conv = (
    h: Tensor,
    { channels, stride, bias }: { channels: number; stride: number; bias: boolean },
  ) => {
    const at = scope.at("main", number++);
    const weight = at.param("weight", [channels, h.shape[3]!, kernel, kernel]);
    return conv2d(h, { weight, bias: bias ? at.param("bias", [channels]) : undefined, stride, padding: 1 });
  };
  const norm = (h: Tensor) => {
    const at = scope.at("main", number++), known = running?.get(at.path);
    if (known) return batchNormBy(at, h, known);
    const { y, batch } = batchNorm(at, h);
    batches.set(at.path, batch);
    return y;
  };
  const activate = (h: Tensor) => {
    number++;
    return leakyRelu(h, slope);
  };
  let h = activate(conv(x, { channels: ndf, stride: 2, bias: true }));
  for (let layer = 1; layer <= layers; layer++) {
    const channels = ndf * Math.min(2 ** layer, mostGrowth);
    h = activate(norm(conv(h, { channels, stride: layer < layers ? 2 : 1, bias: false })));
  }
  return { logits: conv(h, { channels: 1, stride: 1, bias: true }), batches };
}
