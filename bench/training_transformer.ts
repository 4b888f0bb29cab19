/**
 * `deno task bench training_transformer [STEPS]`: times training steps of a small transformer (dim 256, 4 heads, 6 + 2
 * blocks, 2^6 and 2^12 codes, grid 8×8) on batches of 32 images: dropout, AdamW, gradient clipping.
 */
import { u32Tensor } from "../src/tensor/tensor.ts";
import { adamStep } from "../src/train/optimizer/adam.ts";
import { stepRandom } from "../src/train/randomness.ts";
import { transformerStep } from "../src/train/transformer_step.ts";
import type { TransformerConfig } from "../src/networks/transformer/config.ts";
import { hashed } from "../tests/golden/hashed.ts";
import { benchTraining, type Training } from "./training_run.ts";

const adam = { beta1: 0.9, beta2: 0.95 };

function training(config: TransformerConfig, n: number): Training {
  const { grid, bits, classes } = config;
  const words = (name: string, shape: number[], below: number) =>
    u32Tensor(shape, Uint32Array.from(hashed(name, shape), (value) => (value * 0.5 + 0.5) * below));
  return {
    step: transformerStep(config, { n, dropout: 0.1, classDropout: 0.1, adam, weightDecay: 0.05, clip: 1 }),
    inputs: (step) => ({
      classes: words(`classes ${step}`, [n], classes),
      pre: words(`pre ${step}`, [n, grid ** 2], 2 ** bits[0]),
      post: words(`post ${step}`, [n, grid ** 2], 2 ** bits[1]),
      ...stepRandom({ seed: 1, step }),
      ...adamStep({ step, learningRate: 1e-3 }, adam),
    }),
  };
}

const large = {
  dim: 256,
  heads: 4,
  layers: 6,
  factorizedLayers: 2,
  hidden: 768,
  bits: [6, 12],
  grid: 8,
  classes: 9,
} as const;
await benchTraining("transformer, dim 256, 6 + 2 blocks, 32 images of 8×8 tokens", {
  large: training(large, 32),
  small: training(
    { ...large, dim: 64, layers: 1, factorizedLayers: 1, hidden: 256, bits: [3, 5], grid: 3 },
    2,
  ),
  runs: Number(Deno.args[0] ?? 8),
});
Deno.exit(0);
