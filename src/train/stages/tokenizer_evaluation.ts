import type { Backend, WeightSource } from "../../backend/backend.ts";
import type { TokenizerConfig } from "../../networks/magvit2/config.ts";
import { parameterShapes } from "../../models/tokenizer_weights.ts";
import { type Graph, trace } from "../../graph/trace.ts";
import { imagesToTensor } from "../../image/pixels.ts";
import { Scope } from "../../nn/scope.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import { decoder } from "../../networks/magvit2/decoder.ts";
import { encoder } from "../../networks/magvit2/encoder.ts";
import type { Extent } from "../../tokenizer/programs.ts";
import { CodebookUsage } from "../../tokenizer/quantizers/codebook_usage.ts";
import { quantizerOf } from "../../tokenizer/quantizers/quantizer_of.ts";
import { ImageReader } from "../../data/image_reader.ts";
import type { ImageSource } from "../../data/source.ts";
import { squaresOf } from "../../data/squares.ts";

/** Images `x` `[N,H,W,3]` → what the tokenizer makes of them, `decoded`, and their `tokens` u32 `[N,h,w]`. */
function reconstructionGraph(config: TokenizerConfig, { n, height, width }: Extent): Graph {
  return trace({ x: { shape: [n, height, width, config.inChannels], dtype: "f32" } }, ({ x }) => {
    const quantizer = quantizerOf(config);
    const tokens = quantizer.tokens(encoder(new Scope("encoder"), x!, config));
    return { tokens, decoded: decoder(new Scope("decoder"), quantizer.codes(tokens), config) };
  });
}

/** How good a tokenizer is, by images that it was not trained on. */
export interface TokenizerQuality {
  /** Mean over images of the peak signal-to-noise ratio in dB, results clamped to [−1,1] but not rounded. */
  readonly psnr: number;
  /** How many different codes occur. */
  readonly codes: number;
}

/** How a tokenizer in training is evaluated. */
export interface TokenizerTrial {
  readonly backend: Backend;
  /** Reads the averaged weight of a name. */
  readonly read: WeightSource["read"];
  /** Images are cut out of the middle of these, damaged ones passed over. */
  readonly images: ImageSource;
  /** Pixels of a side. */
  readonly size: number;
  /** Images in a batch. */
  readonly batch: number;
}

/** Reconstructs images and measures the quality. */
export async function evaluateTokenizer(
  config: TokenizerConfig,
  trial: TokenizerTrial,
): Promise<TokenizerQuality> {
  const usage = new CodebookUsage(quantizerOf(config));
  let decibels = 0, count = 0;
  for await (const { original, decoded, tokens } of reconstructions(config, trial)) {
    decibels += psnrOf(original, decoded);
    usage.add(tokens);
    count++;
  }
  return { psnr: decibels / count, codes: usage.codes };
}

/** The reconstructions of a tokenizer in training, one by one. */
export async function* reconstructions(
  config: TokenizerConfig,
  { backend, read, images, size, batch }: TokenizerTrial,
): AsyncGenerator<{ original: Float32Array; decoded: Float32Array; tokens: Uint32Array }> {
  const graph = reconstructionGraph(config, { n: batch, height: size, width: size });
  await using weights = await backend.load({ shapes: parameterShapes(config), read }, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  await using reader = new ImageReader(images);
  // The last batch may be partly unused.
  const x = f32Tensor([batch, size, size, config.inChannels]), each = x.data.length / batch;
  for await (const { squares } of squaresOf(reader, { begin: 0, end: images.length, size })) {
    for (let start = 0; start < squares.length; start += batch) {
      const some = squares.slice(start, start + batch).map(({ image }) => image);
      imagesToTensor(some, { layout: "NHWC", into: x.data });
      const results = await program.run({ x });
      const decoded = results.decoded!.data as Float32Array, tokens = results.tokens!.data as Uint32Array;
      const positions = tokens.length / batch;
      for (let i = 0; i < some.length; i++) {
        yield {
          original: x.data.subarray(i * each, (i + 1) * each),
          decoded: decoded.subarray(i * each, (i + 1) * each),
          tokens: tokens.subarray(i * positions, (i + 1) * positions),
        };
      }
    }
  }
}

/** PSNR of values in [−1,1], whose range is 2. */
function psnrOf(original: Float32Array, decoded: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < original.length; i++) {
    sum += (original[i]! - Math.min(1, Math.max(-1, decoded[i]!))) ** 2;
  }
  return 10 * Math.log10(4 * original.length / sum);
}
