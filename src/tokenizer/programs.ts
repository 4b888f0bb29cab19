import { type Graph, trace } from "../graph/trace.ts";
import { Scope } from "../nn/scope.ts";
import { downsamplingFactor, type TokenizerConfig } from "../networks/magvit2/config.ts";
import { decoder } from "../networks/magvit2/decoder.ts";
import { encoder } from "../networks/magvit2/encoder.ts";
import { quantizerOf } from "./quantizers/quantizer_of.ts";

/** How many images of which size a graph is for. */
export interface Extent {
  readonly n: number;
  /** Pixels, multiples of the downsampling factor. */
  readonly height: number;
  readonly width: number;
}

/** `x` `[N,H,W,3]` → `z` `[N,h,w,zChannels]` and `tokens` u32 `[N,h,w]`. */
export function encodeGraph(config: TokenizerConfig, { n, height, width }: Extent): Graph {
  return trace({ x: { shape: [n, height, width, config.inChannels], dtype: "f32" } }, ({ x }) => {
    const z = encoder(new Scope("encoder"), x!, config);
    return { z, tokens: quantizerOf(config).tokens(z) };
  });
}

/** `tokens` u32 `[N,h,w]` → `x` `[N,H,W,3]`. */
export function decodeGraph(config: TokenizerConfig, { n, height, width }: Extent): Graph {
  const factor = downsamplingFactor(config);
  const shape = [n, height / factor, width / factor];
  return trace({ tokens: { shape, dtype: "u32" } }, ({ tokens }) => ({
    x: decoder(new Scope("decoder"), quantizerOf(config).codes(tokens!), config),
  }));
}
