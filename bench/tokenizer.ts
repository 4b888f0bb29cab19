/**
 * `deno task bench tokenizer [RUNS]`: compares the encoder and decoder of imagenet_256_L at 256×256 with
 * onnxruntime-web, which runs the same graphs through their export.
 *
 * The processes of both alternate, so that changes of the machine's speed affect both. Results are medians.
 */
import { availableParallelism } from "node:os";
import type { TokenizerRun } from "./tokenizer_run.ts";
import { kernelTable, median, runJson, table } from "./report.ts";

const rounds = 2, runs = Number(Deno.args[0] ?? 3);
const threads = Math.min(2, availableParallelism());

const timed = (variant: string, threads: number) =>
  runJson<TokenizerRun>("tokenizer_run.ts", variant, threads, runs);
const all: TokenizerRun[] = [], one: TokenizerRun[] = [], peers: TokenizerRun[] = [];
for (let round = 0; round < rounds; round++) {
  all.push(await timed("threads", threads));
  peers.push(await timed("ort", threads));
  one.push(await timed("threads", 1));
}
const relaxed = await timed("relaxed", 1), plain = await timed("simd", 1);

const peak = Math.max(...[...all, ...one].map((run) => run.peak));
const seconds = (runs: readonly TokenizerRun[], what: "encode" | "decode") =>
  median(runs.flatMap((run) => run[what]));
console.log(`imagenet_256_L at 256×256, ${threads} threads, medians of ${rounds}×${runs} runs`);
console.log(
  `fused multiply-adds of one core: ${
    (peak / 1e9).toFixed(1)
  } GFLOP/s; GFLOP/s below are those of direct convolutions\n`,
);
const rows = (["encode", "decode"] as const).map((what) => {
  const t = seconds(all, what), peer = seconds(peers, what), flop = all[0]!.flop[what];
  return [
    what,
    `${t.toFixed(3)} s`,
    `${peer.toFixed(3)} s`,
    `${(peer / t).toFixed(2)}×`,
    (flop / t / 1e9).toFixed(0),
    `${(100 * flop / t / (threads * peak)).toFixed(0)}%`,
    `${(seconds(one, what) / t).toFixed(2)}×`,
    `${seconds([relaxed], what).toFixed(3)} s`,
    `${seconds([plain], what).toFixed(3)} s`,
  ];
});
table(
  [
    "",
    "ours",
    "ort-web",
    "ratio",
    "GFLOP/s",
    "of peak",
    "vs 1 thread",
    "relaxed, 1 thr.",
    "plain SIMD, 1 thr.",
  ],
  rows,
);
console.log(
  `\nresident set with both loaded: ${(Math.max(...all.map((run) => run.resident)) / 1e9).toFixed(2)} GB\n`,
);
for (const what of ["encode", "decode"] as const) {
  kernelTable(what, all[0]!.kernels[what], threads * peak);
  console.log();
}
Deno.exit(0);
