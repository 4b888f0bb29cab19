import { silu } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { conv } from "../../nn/conv.ts";
import { norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/scope.ts";
import { downsample, resBlocks } from "./blocks.ts";
import { isTemporal, type TokenizerConfig } from "./config.ts";

/**
 * The encoder of Open-MAGVIT2 (docs/model.md, Encoder and decoder): images x `[N,H,W,3]` in [−1,1] → latents
 * `[N,H/f,W/f,bits]`, f the downsampling factor; films `[N,T,H,W,3]` → `[N,1+(T−1)/g,H/f,W/f,bits]`, g that in time.
 */
export function encoder(scope: Scope, x: Tensor, config: TokenizerConfig): Tensor {
  const { ch, chMult, numResBlocks: count, zChannels } = config;
  let h = conv(scope.at("conv_in"), x, { channels: ch, kernel: 3, bias: false });
  chMult.forEach((multiple, level) => {
    const at = scope.at("down", level);
    h = resBlocks(at.at("block"), h, { count, channels: ch * multiple });
    if (level < chMult.length - 1) h = downsample(at, h, { inTime: isTemporal(config, level) });
  });
  h = resBlocks(scope.at("mid_block"), h, { count, channels: h.shape.at(-1)! });
  h = silu(norm(scope.at("norm_out"), h));
  return conv(scope.at("conv_out"), h, { channels: zChannels, kernel: 1, bias: true });
}
