import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { tokenizer, transformer } from "../../tests/backend/webgpu_plans.ts";

/** The published tokenizers that are timed; with `small`, tiny ones in their place. */
export function tokenizers(small: boolean): Readonly<Record<string, TokenizerConfig>> {
  if (small) return { imagenet_256_L: { ...tokenizer, ch: 32, chMult: [1, 1, 2], numResBlocks: 1 } };
  return { imagenet_256_L: tokenizer, imagenet_128_L: { ...tokenizer, chMult: [1, 2, 2, 4] } };
}

/** The published transformers that are timed: AR_256_B alone, or all; with `small`, a tiny one in its place. */
export function transformers(
  { small, large }: { small: boolean; large: boolean },
): Readonly<Record<string, TransformerConfig>> {
  const { bits } = transformer;
  if (small) {
    return {
      AR_256_B: {
        ...transformer,
        dim: 64,
        heads: 2,
        layers: 1,
        factorizedLayers: 1,
        hidden: 256,
        grid: 4,
        bits,
      },
    };
  }
  return {
    AR_256_B: transformer,
    ...large && {
      AR_256_L: { ...transformer, dim: 1280, heads: 20, layers: 36, factorizedLayers: 3, hidden: 3584 },
      AR_256_XL: { ...transformer, dim: 1536, heads: 24, layers: 48, factorizedLayers: 4, hidden: 4096 },
    },
  };
}
