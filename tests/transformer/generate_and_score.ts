/**
 * Loads a generator in q8 in a process of its own, generates some tokens of an image with guidance, and prints what that
 * took as JSON: `deno run -A tests/transformer/generate_and_score.ts CHECKPOINT`.
 */
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { Generator } from "../../src/transformer/generator.ts";

/** What it prints: seconds, bytes of the resident set at the end and at most. */
export interface Weighed {
  readonly config: TransformerConfig;
  readonly load: number;
  readonly msPerToken: number;
  readonly generated: number;
  readonly resident: number;
  readonly peak: number;
}

const tokens = 8;

if (import.meta.main) {
  let peak = 0, generated = 0, msPerToken = Infinity;
  const look = () => peak = Math.max(peak, Deno.memoryUsage().rss);
  const start = performance.now();
  await using generator = await Generator.load(Deno.args[0]!, {
    backend: "wasm",
    weights: "q8",
    onProgress: look,
  });
  const load = (performance.now() - start) / 1000;
  let last = performance.now();
  for await (const step of generator.stream({ classIds: 207, seed: 1, guidance: 4 })) {
    look();
    msPerToken = Math.min(msPerToken, performance.now() - last);
    last = performance.now();
    generated = step.generated;
    if (generated === tokens) break;
  }
  const { config } = generator, resident = Deno.memoryUsage().rss;
  console.log(JSON.stringify({ config, load, msPerToken, generated, resident, peak } satisfies Weighed));
}
