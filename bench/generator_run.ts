/**
 * Times the generation of tokens by AR_256_B in a separate process:
 * `deno run -A bench/generator_run.ts FORMAT THREADS IMAGES,IMAGES,… TOKENS` prints one line of JSON.
 *
 * Weights are computed from their names; the generated tokens are meaningless, but take the same time. The first greedy
 * tokens and their logits are compared with the golden of PyTorch before anything is timed.
 */
import type { CommandTime, Program, WeightFormat } from "../src/backend/backend.ts";
import { WasmBackend } from "../src/backend/wasm/wasm_backend.ts";
import { decodeGraph } from "../src/tokenizer/programs.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../src/tensor/tensor.ts";
import { stepGraph } from "../src/transformer/step_graph.ts";
import { subTokens } from "../src/networks/transformer/network.ts";
import { nmse, readGolden, tokenizerConfig } from "../tests/golden/golden.ts";
import { hashedWeights } from "../tests/golden/tokenizer_golden.ts";
import { goldenConfig, hashedTransformer } from "../tests/golden/transformer_golden.ts";
import { readBandwidth } from "./machine/limits.ts";

/** The measurements for one batch size, with two rows per image. */
export interface ImagesRun {
  readonly images: number;
  /** Milliseconds of tokens at evenly spaced positions of the image. */
  readonly ms: readonly number[];
  /** Bytes of keys and values that are read for a token, averaged over the image. */
  readonly cacheBytes: number;
  readonly kernels: readonly CommandTime[];
}

/** The measurements of one process. */
export interface GeneratorRun {
  /** Bytes of the transformer's weights, nearly all of which are read for each token. */
  readonly weightBytes: number;
  /** Bytes of the weights that the factorized blocks read a second time. */
  readonly againBytes: number;
  /** Memory bandwidth of the same number of threads in bytes per second. */
  readonly bandwidth: number;
  readonly runs: readonly ImagesRun[];
  /** Seconds to decode one image. */
  readonly decode: number;
  /** Bytes of the resident set with transformer and decoder, after the run with one image. */
  readonly resident: number;
}

/** The largest NMSE of guided logits in each format. Random weights have larger quantization errors than trained ones. */
const tolerance: Readonly<Record<WeightFormat, number>> = { f32: 1e-6, f16: 1e-4, q8: 1e-2, q4: 1 };

/** The class of the golden. */
let golden256Label = 0;

if (import.meta.main) {
  const [format, threads, counts, tokens] = [
    Deno.args[0] as WeightFormat,
    Number(Deno.args[1]),
    Deno.args[2]!.split(",").map(Number),
    Number(Deno.args[3]),
  ];
  const golden = await readGolden("ar_256_B"), config = goldenConfig(golden);
  golden256Label = golden.tensor("labels").data[0]!;
  await using backend = new WasmBackend({ threads });
  const graphs = [stepGraph(config, { n: 1, guided: true, logits: true, f16Cache: format !== "f32" })];
  await using weights = await backend.load(hashedTransformer(graphs), { graphs, format });
  const image = decodeGraph(tokenizerConfig(await readGolden("imagenet_256_L")), {
    n: 1,
    height: 256,
    width: 256,
  });
  await using decoderWeights = await backend.load(hashedWeights([image]), { graphs: [image] });

  {
    await using program = await backend.compile(graphs[0]!, weights);
    const { logits_post: logits } = await program.run(inputsOf(1, { position: 0, greedy: true }));
    const expected = golden.tensor("greedy.guided_logits_post").data.subarray(0, logits!.data.length);
    const error = nmse(logits!.data, expected);
    if (!(error <= tolerance[format])) {
      throw new Error(`Cannot time a wrong result: NMSE of logits is ${error}`);
    }
  }

  let resident = 0, decode = Infinity;
  const runs: ImagesRun[] = [];
  for (const images of counts) {
    await using program = await backend.compile(
      stepGraph(config, { n: images, guided: true, f16Cache: format !== "f32" }),
      weights,
    );
    const ms = await time(program, { images, tokens, positions: config.grid ** 2 });
    const kernels = await program.profile(inputsOf(images, { position: config.grid ** 2 / 2 }));
    const cacheBytes = 2 * images * config.layers * 2 * config.dim * (format === "f32" ? 4 : 2) *
      (config.grid ** 2 + 1) / 2;
    runs.push({ images, ms, cacheBytes, kernels });
    if (resident > 0) continue;
    await using decoder = await backend.compile(image, decoderWeights);
    for (let run = 0; run < 3; run++) {
      const start = performance.now();
      await decoder.run({ tokens: u32Tensor([1, 16, 16]) });
      decode = Math.min(decode, (performance.now() - start) / 1000);
    }
    resident = Deno.memoryUsage().rss;
  }
  // Measured last, because its buffers would count as resident memory.
  const bandwidth = await readBandwidth(threads);
  const block = weights.bytes / (config.layers + config.factorizedLayers);
  const result = { weightBytes: weights.bytes, againBytes: config.factorizedLayers * block, bandwidth };
  console.log(JSON.stringify({ ...result, runs, decode, resident } satisfies GeneratorRun));
}

async function time(
  program: Program,
  { images, tokens, positions }: { images: number; tokens: number; positions: number },
): Promise<number[]> {
  const ms: number[] = [];
  // The first runs use code of the baseline compiler.
  for (let i = -8; i < tokens; i++) {
    const inputs = inputsOf(images, { position: Math.floor((Math.max(i, 0) + 0.5) * positions / tokens) });
    const start = performance.now();
    await program.run(inputs);
    if (i >= 0) ms.push(performance.now() - start);
  }
  return ms;
}

function inputsOf(
  n: number,
  { position, greedy = false }: { position: number; greedy?: boolean },
): Record<string, HostTensor> {
  const rows = 2 * n;
  const floats = (value: number) => f32Tensor([n], new Float32Array(n).fill(value));
  return {
    classes: u32Tensor(
      [rows],
      Uint32Array.from({ length: rows }, (_, row) => row < n ? golden256Label + row : 1000),
    ),
    position: u32Tensor([rows], new Uint32Array(rows).fill(position)),
    pre: u32Tensor([rows]),
    post: u32Tensor([rows]),
    key: u32Tensor([n, 2]),
    counter: u32Tensor([n, 4], Uint32Array.from({ length: 4 * n }, (_, i) => i)),
    ...Object.fromEntries(subTokens.flatMap((name, i) => [
      [`temperature_${name}`, floats(greedy ? 0 : 1)],
      [`top_k_${name}`, u32Tensor([n])],
      [`top_p_${name}`, floats(0.96)],
      [`guidance_${name}`, floats([1.9, 2][i]!)],
    ])),
  };
}
