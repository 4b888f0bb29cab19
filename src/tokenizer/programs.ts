import { type Graph, trace } from "../graph/trace.ts";
import { Scope } from "../nn/scope.ts";
import { downsamplingFactor, framesPerToken, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { decoder } from "../networks/magvit2/decoder.ts";
import { encoder } from "../networks/magvit2/encoder.ts";
import { quantizerOf } from "./quantizers/quantizer_of.ts";

/** How many images or films of which size a graph is for. */
export interface Extent {
  readonly n: number;
  /** Pixels; those of images are multiples of the downsampling factor. */
  readonly height: number;
  readonly width: number;
  /** Frames of films. */
  readonly frames?: number;
}

/** `x` `[N,H,W,3]` → `z` `[N,h,w,zChannels]` and `tokens` u32 `[N,h,w]`; of films with an axis of frames after the first. */
export function encodeGraph(config: TokenizerConfig, { n, frames, height, width }: Extent): Graph {
  const shape = [n, ...frames === undefined ? [] : [frames], height, width, config.inChannels];
  return trace({ x: { shape, dtype: "f32" } }, ({ x }) => {
    const z = encoder(new Scope("encoder"), x!, config);
    return { z, tokens: quantizerOf(config).tokens(z) };
  });
}

/** `tokens` u32 `[N,h,w]` → `x` `[N,H,W,3]`; of films with an axis of frames after the first. */
export function decodeGraph(config: TokenizerConfig, { n, frames, height, width }: Extent): Graph {
  const factor = downsamplingFactor(config);
  const time = frames === undefined ? [] : [1 + Math.floor((frames - 1) / framesPerToken(config))];
  const shape = [n, ...time, Math.ceil(height / factor), Math.ceil(width / factor)];
  return trace({ tokens: { shape, dtype: "u32" } }, ({ tokens }) => ({
    x: decoder(new Scope("decoder"), quantizerOf(config).codes(tokens!), config),
  }));
}
