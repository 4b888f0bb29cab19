import { conv, leakyRelu } from "../graph/build.ts";
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

const slope = 0.2;
/** Layers that halve the frames of films, too. */
const temporalLayers = 2;
/** Largest number of channels, in multiples of `ndf`. */
const mostGrowth = 8;

/**
 * The PatchGAN discriminator (arXiv 1611.07004): images `[N,H,W,3]` → logits `[N,h,w,1]`, by kernels of 4×4; films
 * `[N,T,H,W,3]` → `[N,t,h,w,1]`, by kernels of 3×3×3, of which the first two layers of stride 2 halve the frames, too. Its
 * BatchNorms use the statistics of the batch, which `batches` holds by the path of the layer, or those in `running` by the
 * same paths.
 *
 * Parameters: `main.<i>` of the layers as torch.nn.Sequential numbers them.
 */
export function patchGan(
  scope: Scope,
  x: Tensor,
  { ndf, layers, running }: PatchGanConfig & { running?: ReadonlyMap<string, Statistics> },
): { logits: Tensor; batches: Map<string, Statistics> } {
  const batches = new Map<string, Statistics>();
  const kernel = x.shape.length === 5 ? [3, 3, 3] : [4, 4];
  let number = 0;
  /** The convolution `layer`; those before the last two halve the size. */
  const convolve = (
    h: Tensor,
    { channels, layer, bias }: { channels: number; layer: number; bias: boolean },
  ) => {
    const at = scope.at("main", number++), halves = layer < layers;
    const weight = at.param("weight", [channels, h.shape.at(-1)!, ...kernel]);
    const stride = halves ? 2 : 1, temporal = halves && layer < temporalLayers ? 2 : 1;
    return conv(h, {
      weight,
      bias: bias ? at.param("bias", [channels]) : undefined,
      stride: kernel.length === 3 ? [temporal, stride, stride] : [stride, stride],
      padding: kernel.map(() => [1, 1]),
    });
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
  let h = activate(convolve(x, { channels: ndf, layer: 0, bias: true }));
  for (let layer = 1; layer <= layers; layer++) {
    const channels = ndf * Math.min(2 ** layer, mostGrowth);
    h = activate(norm(convolve(h, { channels, layer, bias: false })));
  }
  return { logits: convolve(h, { channels: 1, layer: layers + 1, bias: true }), batches };
}
