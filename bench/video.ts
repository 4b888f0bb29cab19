/**
 * `deno task bench video [FRAMES] [THREADS]`: times encoder and decoder of `video_128_262144` on a film of 128×128 with weights
 * computed from their names, and says by kernel where the time goes. 17 frames, the default, are a window of the published model.
 *
 * Latents and tokens of five frames are compared with the golden of PyTorch before anything is timed.
 */
import { WasmBackend } from "../src/backend/wasm/wasm_backend.ts";
import { framesPerToken } from "../src/networks/magvit2/config.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../src/tensor/tensor.ts";
import { decodeGraph, encodeGraph } from "../src/tokenizer/programs.ts";
import { nmse, readGolden, tokenizerConfig } from "../tests/golden/golden.ts";
import { hashed } from "../tests/golden/hashed.ts";
import { channelsLast, hashedWeights } from "../tests/golden/tokenizer_golden.ts";
import { fmaPeak } from "./machine/limits.ts";
import { kernelTable } from "./report.ts";

const frames = Number(Deno.args[0] ?? 17), threads = Number(Deno.args[1] ?? navigator.hardwareConcurrency);
const side = 128, golden = await readGolden("video_128_L_5frames"), config = tokenizerConfig(golden);
const extent = (frames: number) => ({ n: 1, frames, height: side, width: side });
const peak = threads * await fmaPeak();
await using backend = new WasmBackend({ threads });

/** A film of so many frames: the golden's input, if it has as many. */
function film(frames: number): HostTensor<"f32"> {
  const { name } = JSON.parse(golden.metadata.input!), shape = [1, 3, frames, side, side];
  return channelsLast(f32Tensor(shape, hashed(name, shape)));
}

{
  const graph = encodeGraph(config, extent(5));
  await using weights = await backend.load(hashedWeights([graph]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const { z } = await program.run({ x: film(5) });
  const error = nmse(z!.data, channelsLast(golden.tensor("z") as HostTensor<"f32">).data);
  if (!(error <= 1e-6)) throw new Error(`Cannot time a wrong result: NMSE of z is ${error}`);
  console.log(`NMSE of the latents of 5 frames: ${error.toExponential(1)}`);
}

const latents = 1 + Math.floor((frames - 1) / framesPerToken(config)), positions = latents * (side / 8) ** 2;
const tokens = u32Tensor([1, latents, side / 8, side / 8]);
tokens.data.forEach((_, i) => tokens.data[i] = Math.imul(i + 1, 0x9e3779b1) >>> 14);
for (
  const [name, graph, inputs] of [
    ["encode", encodeGraph(config, extent(frames)), { x: film(frames) }],
    ["decode", decodeGraph(config, extent(frames)), { tokens }],
  ] as const
) {
  await using weights = await backend.load(hashedWeights([graph]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  // The first run grows the memory.
  await program.run(inputs);
  const start = performance.now();
  await program.run(inputs);
  const seconds = (performance.now() - start) / 1000, { flop, arenaBytes } = program.stats;
  console.log(
    `\n${name} ${frames}×${side}×${side}, ${positions} tokens, ${threads} threads: ${seconds.toFixed(1)} s,`,
    `${(flop / seconds / 1e9).toFixed(0)} GFLOP/s of direct convolutions,`,
    `${(100 * flop / seconds / peak).toFixed(0)}% of the FMA peak; arena ${
      (arenaBytes / 2 ** 20).toFixed(0)
    } MiB,`,
    `resident set ${(Deno.memoryUsage().rss / 1e9).toFixed(2)} GB`,
  );
  kernelTable(name, await program.profile(inputs), peak);
}
