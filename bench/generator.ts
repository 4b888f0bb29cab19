/**
 * `deno task bench generator [TOKENS]`: measures the time per token of AR_256_B with guidance by format, number of
 * threads and batch size, and the bytes that are read as a share of the bandwidth measured in the same process.
 */
import type { GeneratorRun, ImagesRun } from "./generator_run.ts";
import { median, runJson, table } from "./report.ts";

const tokens = Number(Deno.args[0] ?? 24);
const formats = ["q8", "f16", "f32"] as const;

const rows: string[][] = [], notes: string[] = [];
for (const format of formats) {
  for (const threads of [2, 1]) {
    const run = await runJson<GeneratorRun>("generator_run.ts", format, threads, "1,4,8", tokens);
    for (const one of run.runs) rows.push(row({ format, threads, run, one, first: run.runs[0]! }));
    if (threads !== 2) continue;
    notes.push(
      `${format}: ${(run.weightBytes / 1e6).toFixed(0)} MB of weights, resident set including the decoder ` +
        `${(run.resident / 1e9).toFixed(2)} GB; the decoder takes ${run.decode.toFixed(2)} s per image`,
    );
    notes.push(`  one image, by kernel: ${byKernel(run.runs[0]!)}`);
  }
}
console.log(
  `AR_256_B with guidance, two rows per image; medians over ${tokens} positions of the image\n`,
);
table(["", "threads", "images", "ms per token", "best", "tokens/s", "of one", "GB/s", "of bandwidth"], rows);
console.log("\n" + notes.join("\n"));

function row(
  { format, threads, run, one, first }: {
    format: string;
    threads: number;
    run: GeneratorRun;
    one: ImagesRun;
    first: ImagesRun;
  },
): string[] {
  const ms = median(one.ms), rate = (run.weightBytes + run.againBytes + one.cacheBytes) / (ms / 1000);
  return [
    format,
    `${threads}`,
    `${one.images}`,
    ms.toFixed(1),
    Math.min(...one.ms).toFixed(1),
    (1000 * one.images / ms).toFixed(0),
    `${(ms / median(first.ms)).toFixed(2)}×`,
    (rate / 1e9).toFixed(1),
    `${(100 * rate / run.bandwidth).toFixed(0)}% of ${(run.bandwidth / 1e9).toFixed(1)}`,
  ];
}

function byKernel({ kernels }: ImagesRun): string {
  const sums = new Map<string, number>();
  for (const { kernel, seconds } of kernels) sums.set(kernel, (sums.get(kernel) ?? 0) + 1000 * seconds);
  return [...sums].sort(([, a], [, b]) => b - a).slice(0, 5).map(([kernel, ms]) =>
    `${kernel} ${ms.toFixed(1)} ms`
  )
    .join(", ");
}
