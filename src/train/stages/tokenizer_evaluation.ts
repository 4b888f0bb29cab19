import type { Backend, States } from "../../backend/backend.ts";
import type { TokenizerConfig } from "../../checkpoint/config.ts";
import { parameterShapes } from "../../checkpoint/tokenizer_weights.ts";
import { lfqPack, lfqUnpack } from "../../graph/build.ts";
import { type Graph, trace } from "../../graph/trace.ts";
import { Scope } from "../../nn/scope.ts";
import { f32Tensor } from "../../tensor/tensor.ts";
import { decoder } from "../../tokenizer/decoder.ts";
import { encoder } from "../../tokenizer/encoder.ts";
import type { Extent } from "../../tokenizer/programs.ts";
import { emaName } from "../optimizer/ema.ts";

/** Pictures `x` `[N,H,W,3]` → what the tokenizer makes of them, `decoded`, and their `tokens` u32 `[N,h,w]`. */
function reconstructionGraph(config: TokenizerConfig, { n, height, width }: Extent): Graph {
  return trace({ x: { shape: [n, height, width, config.inChannels], dtype: "f32" } }, ({ x }) => {
    const tokens = lfqPack(encoder(new Scope("encoder"), x!, config));
    return { tokens, decoded: decoder(new Scope("decoder"), lfqUnpack(tokens, config.zChannels), config) };
  });
}

/** How good a tokenizer is, by pictures that it was not trained on. */
export interface TokenizerQuality {
  /** Mean over pictures of the peak signal-to-noise ratio in dB, results clamped to [−1,1] but not rounded. */
  readonly psnr: number;
  /** How many different codes occur. */
  readonly codes: number;
}

/**
 * Reconstructs pictures `[count,size,size,3]` in [−1,1] with the averaged weights among `states`, `batch` at a time.
 */
export async function evaluateTokenizer(
  config: TokenizerConfig,
  { backend, states, pictures, size, batch }: {
    backend: Backend;
    states: States;
    pictures: Float32Array;
    size: number;
    batch: number;
  },
): Promise<TokenizerQuality> {
  const each = size * size * config.inChannels, count = pictures.length / each;
  const graph = reconstructionGraph(config, { n: batch, height: size, width: size });
  const source = {
    shapes: parameterShapes(config),
    read: async (name: string) => (await states.read(emaName(name))).data as Float32Array,
  };
  await using weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const codes = new Set<number>(), x = f32Tensor([batch, size, size, config.inChannels]);
  let decibels = 0;
  for (let start = 0; start < count; start += batch) {
    const now = Math.min(batch, count - start),
      original = pictures.subarray(start * each, (start + now) * each);
    x.data.set(original);
    const { decoded, tokens } = await program.run({ x });
    for (let i = 0; i < now; i++) {
      const [a, b] = [original, decoded!.data as Float32Array].map((all) =>
        all.subarray(i * each, (i + 1) * each)
      );
      decibels += psnrOf(a!, b!);
    }
    for (const code of tokens!.data.subarray(0, tokens!.data.length / batch * now)) codes.add(code);
  }
  return { psnr: decibels / count, codes: codes.size };
}

/** Of values in [−1,1], whose largest difference is 2. */
function psnrOf(original: Float32Array, decoded: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < original.length; i++) {
    sum += (original[i]! - Math.min(1, Math.max(-1, decoded[i]!))) ** 2;
  }
  return 10 * Math.log10(4 * original.length / sum);
}
