/**
 * Times onnxruntime-web (WASM) with the encoder and decoder of imagenet_256_L at 256×256 in a separate process:
 * `deno run -A bench/peers/onnxruntime_web.ts THREADS RUNS` prints the seconds of each run as one line of JSON.
 *
 * The graphs beside this file have constant weights, which do not change the time.
 */
import * as ort from "onnxruntime-web";
import type { Seconds } from "../tokenizer_run.ts";

const [threads, runs] = Deno.args.map(Number) as [number, number];
ort.env.wasm.numThreads = threads;
ort.env.logLevel = "error";

async function gunzip(name: string): Promise<Uint8Array> {
  const file = await Deno.open(new URL(name, import.meta.url));
  return await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).bytes();
}

async function time(name: string, input: string, dims: number[]): Promise<number[]> {
  const session = await ort.InferenceSession.create(await gunzip(name), { executionProviders: ["wasm"] });
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.sin(i));
  const feeds = { [input]: new ort.Tensor("float32", data, dims) };
  await session.run(feeds);
  const seconds: number[] = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  await session.release();
  return seconds;
}

const encode = await time("encoder256.onnx.gz", "x", [1, 3, 256, 256]);
const decode = await time("decoder256.onnx.gz", "z", [1, 18, 16, 16]);
console.log(JSON.stringify({ encode, decode } satisfies Seconds));
Deno.exit(0);
