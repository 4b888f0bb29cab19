import { writeNpz } from "../../../src/io/npz.ts";
import { parseRun } from "../../../src/train/config/parse.ts";
import type { TokenizerRun, TransformerRun } from "../../../src/train/config/run.ts";

/** Writes a few images of 8×8 with labels, of soft shapes that differ by class, and gives their file's path. */
export function writeImages(path: string): string {
  const count = 12, side = 8;
  const images = new Uint8Array(count * side * side * 3);
  for (let i = 0, at = 0; i < count; i++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let c = 0; c < 3; c++) images[at++] = 128 + 100 * Math.sin((i + 1) * (x + 2 * y + 3 * c) / 11);
      }
    }
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 3);
  const arrays = {
    arr_0: { shape: [count, side, side, 3], data: images },
    labels: { shape: [count], data: labels },
  };
  Deno.writeFileSync(path, writeNpz(arrays));
  return path;
}

/** A tokenizer's run of milliseconds a step. */
export function tinyTokenizer(images: string, changes: Record<string, unknown> = {}): TokenizerRun {
  return parseRun({
    model: { ch: 32, chMult: [1, 1], numResBlocks: 1, bits: 4 },
    data: { images, size: 8, heldOut: 0.25, mirror: "batch", order: "uniform" },
    optimizer: { learningRate: 1e-3, beta1: 0.9, beta2: 0.99 },
    schedule: { kind: "cosine-with-warmup", warmupSteps: 4, end: 0.1 },
    steps: 20,
    batch: 2,
    seed: 7,
    ema: 0.9,
    intervals: { log: 2, checkpoint: 6, evaluate: 5, sample: 10 },
    threads: 2,
    backend: "wasm",
    ...changes,
  }, { stage: "tokenizer" });
}

/** A transformer's run of milliseconds a step, on the tokens of `tokenizer` of 4 bits. */
export function tinyTransformer(
  images: string,
  tokenizer: string,
  changes: Record<string, unknown> = {},
): TransformerRun {
  return parseRun({
    tokenizer,
    model: { dim: 16, heads: 2, layers: 1, factorizedLayers: 1, bits: [2, 2] },
    data: { images, size: 8, mirror: "batch", order: "balanced" },
    optimizer: { learningRate: 1e-3, beta1: 0.9, beta2: 0.95 },
    schedule: { kind: "cosine-with-warmup", warmupSteps: 4, end: 0.1 },
    steps: 20,
    batch: 2,
    seed: 7,
    intervals: { log: 2, checkpoint: 6, evaluate: 5, sample: 10 },
    threads: 2,
    backend: "wasm",
    ...changes,
  }, { stage: "transformer" });
}
