import { silu } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { conv } from "../../nn/conv.ts";
import { adaptiveNorm, norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/scope.ts";
import { resBlocks, upsample } from "./blocks.ts";
import { isTemporal, type TokenizerConfig } from "./config.ts";

/**
 * The decoder of Open-MAGVIT2 (docs/model.md, Encoder and decoder): codes z `[N,h,w,bits]` of ±1 → images
 * `[N,h·f,w·f,3]`, f the downsampling factor; about [−1,1], not clamped. Films `[N,t,h,w,bits]` → `[N,1+(t−1)·g,h·f,w·f,3]`.
 */
export function decoder(scope: Scope, z: Tensor, config: TokenizerConfig): Tensor {
  const { ch, chMult, numResBlocks: count } = config;
  const channels = ch * chMult.at(-1)!;
  let h = conv(scope.at("conv_in"), z, { channels, kernel: 3, bias: true });
  h = resBlocks(scope.at("mid_block"), h, { count, channels });
  for (let level = chMult.length - 1; level >= 0; level--) {
    const at = scope.at("up", level);
    h = adaptiveNorm(scope.at("adaptive", level), h, z);
    h = resBlocks(at.at("block"), h, { count, channels: ch * chMult[level]! });
    if (level > 0) h = upsample(at, h, { inTime: isTemporal(config, level - 1) });
  }
  h = silu(norm(scope.at("norm_out"), h));
  return conv(scope.at("conv_out"), h, { channels: config.outChannels, kernel: 3, bias: true });
}
