/**
 * Times the encoder and decoder of imagenet_256_L at 256×256 in a separate process, to measure its memory:
 * `deno run -A bench/tokenizer_run.ts VARIANT THREADS RUNS` prints one line of JSON. VARIANT is one of the kernels, or `ort`
 * for the same graphs in onnxruntime-web.
 *
 * The result is compared with the golden of PyTorch before anything is timed.
 */
import * as runtime from "onnxruntime-web";
import { OrtBackend } from "../src/backend/ort/ort_backend.ts";
import { WasmBackend } from "../src/backend/wasm/wasm_backend.ts";
import type { Variant } from "../src/backend/wasm/features.ts";
import type { CommandTime, Program } from "../src/backend/backend.ts";
import { decodeGraph, encodeGraph } from "../src/tokenizer/programs.ts";
import { nchwToNhwc } from "../src/image/pixels.ts";
import { f32Tensor, type HostTensor } from "../src/tensor/tensor.ts";
import { nmse, readGolden, tokenizerConfig } from "../tests/golden/golden.ts";
import { hashed } from "../tests/golden/hashed.ts";
import { hashedWeights } from "../tests/golden/tokenizer_golden.ts";
import { fmaPeak } from "./machine/limits.ts";

/** The measurements of one process. */
export interface TokenizerRun {
  /** Seconds of every run. */
  readonly encode: readonly number[];
  readonly decode: readonly number[];
  /** Bytes of the resident set with encoder and decoder loaded, after the runs. */
  readonly resident: number;
  /** FLOP of one run with direct convolutions. */
  readonly flop: { readonly encode: number; readonly decode: number };
  /** Peak FLOP per second of one core, measured in this process. */
  readonly peak: number;
  /** Seconds of one run by kernel. */
  readonly kernels: { readonly encode: readonly CommandTime[]; readonly decode: readonly CommandTime[] };
}

if (import.meta.main) {
  const [variant, threads, runs] = [
    Deno.args[0] as Variant | "ort",
    Number(Deno.args[1]),
    Number(Deno.args[2]),
  ];
  const golden = await readGolden("imagenet_256_L");
  const config = tokenizerConfig(golden);
  const { name, shape } = JSON.parse(golden.metadata.input!) as { name: string; shape: number[] };
  const extent = { n: 1, height: shape[2]!, width: shape[3]! };
  const graphs = { encode: encodeGraph(config, extent), decode: decodeGraph(config, extent) };

  await using backend = variant === "ort"
    ? new OrtBackend({ runtime, threads })
    : new WasmBackend({ variant, threads });
  const all = Object.values(graphs);
  await using weights = await backend.load(hashedWeights(all), { graphs: all });
  await using encoder = await backend.compile(graphs.encode, weights);
  await using decoder = await backend.compile(graphs.decode, weights);
  const x = nchwToNhwc(f32Tensor(shape, hashed(name, shape)));
  const tokens = golden.tensor("tokens");

  check("z", (await encoder.run({ x })).z!, golden.tensor("z"));
  check("reconstruction", (await decoder.run({ tokens })).x!, golden.tensor("reconstruction"));
  const encode = await time(encoder, { x }, runs), decode = await time(decoder, { tokens }, runs);
  const resident = Deno.memoryUsage().rss;
  const kernels = { encode: await encoder.profile({ x }), decode: await decoder.profile({ tokens }) };
  const flop = { encode: encoder.stats.flop, decode: decoder.stats.flop };
  const peak = await fmaPeak();
  console.log(JSON.stringify({ encode, decode, resident, flop, peak, kernels } satisfies TokenizerRun));
}

function check(what: string, actual: HostTensor, expected: HostTensor): void {
  const error = nmse(actual.data, nchwToNhwc(expected as HostTensor<"f32">).data);
  if (!(error <= 1e-6)) throw new Error(`Cannot time a wrong result: NMSE of ${what} is ${error}`);
}

async function time(program: Program, inputs: Record<string, HostTensor>, runs: number): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await program.run(inputs);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
