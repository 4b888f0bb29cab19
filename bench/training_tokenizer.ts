/**
 * `deno task bench training_tokenizer [STEPS]`: times training steps of a small tokenizer (ch 64, ch_mult 1 2 2, one
 * ResBlock, 18 bits) on batches of 16 images of 32×32: L1 and squared error, entropy and commitment, Adam, EMA.
 */
import { f32Tensor } from "../src/tensor/tensor.ts";
import { adamStep } from "../src/train/optimizer/adam.ts";
import { optimizers, stepFactors, tokenizerStep } from "../src/train/tokenizer_step.ts";
import { hashed } from "../tests/golden/hashed.ts";
import { benchTraining, type Training } from "./training_run.ts";

const adam = { beta1: 0.9, beta2: 0.99 };

function training(ch: number, { n, size }: { n: number; size: number }): Training {
  const shape = [n, size, size, 3];
  return {
    step: tokenizerStep({
      kind: "image",
      ch,
      chMult: [1, 2, 2],
      numResBlocks: 1,
      zChannels: 18,
      inChannels: 3,
      outChannels: 3,
    }, {
      n,
      size,
      l2Weight: 1,
      entropyWeight: 0.02,
      commitmentWeight: 0.25,
      perceptual: false,
      adam,
      emaDecay: 0.995,
    }),
    inputs: (step) => ({
      x: f32Tensor(shape, hashed(`images ${step}`, shape)),
      ...adamStep({ step, learningRate: 5e-4 }, { ...adam, name: optimizers.generator }),
      ...stepFactors({ generator: 0, discriminator: 0, entropy: 1 }),
    }),
  };
}

await benchTraining("tokenizer, ch 64, 16 images of 32×32", {
  large: training(64, { n: 16, size: 32 }),
  small: training(32, { n: 1, size: 16 }),
  runs: Number(Deno.args[0] ?? 8),
});
Deno.exit(0);
