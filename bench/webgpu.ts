/**
 * Compares matrix products and convolutions on WebGPU with @tensorflow/tfjs-backend-webgpu on the same adapter:
 * `deno task bench webgpu [ROUNDS]`.
 *
 * Each task is a chain of equal layers, so that transfers take a small share of the time. Results are compared with those
 * of tfjs before anything is timed. Rounds of both alternate, and the fastest of each is reported. On a software adapter
 * the CPU time is compared, too.
 */
import "@tensorflow/tfjs-backend-webgpu";
import process from "node:process";
import * as tf from "@tensorflow/tfjs-core";
import { adapterFacts, findAdapter } from "../src/backend/webgpu/adapter.ts";
import { chooseTile } from "../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../src/backend/webgpu/webgpu_backend.ts";
import { conv2d, linear, param } from "../src/graph/build.ts";
import { type Graph, tensorsOf, trace } from "../src/graph/trace.ts";
import { f32Tensor } from "../src/tensor/tensor.ts";
import { publishedWork } from "../tests/backend/webgpu_plans.ts";
import { nmse } from "../tests/golden/golden.ts";
import { hashed, hashedWeight } from "../tests/golden/hashed.ts";
import { table } from "./report.ts";

interface Task {
  readonly name: string;
  readonly x: readonly number[];
  readonly weight: readonly number[];
}

interface Seconds {
  readonly passed: number;
  readonly worked: number;
}

/** Number of layers of a chain. */
const layers = 4;
const tasks: readonly Task[] = [
  { name: "conv 3×3, 128 → 128, 32²", x: [1, 32, 32, 128], weight: [128, 128, 3, 3] },
  { name: "conv 3×3, 256 → 256, 16²", x: [1, 16, 16, 256], weight: [256, 256, 3, 3] },
  { name: "conv 3×3, 512 → 512, 8²", x: [1, 8, 8, 512], weight: [512, 512, 3, 3] },
  { name: "conv 1×1, 256 → 256, 32²", x: [1, 32, 32, 256], weight: [256, 256, 1, 1] },
  { name: "product, 256 × 1024 × 1024", x: [256, 1024], weight: [1024, 1024] },
  { name: "product, 512 × 512 × 512", x: [512, 512], weight: [512, 512] },
];

const adapter = await findAdapter();
if (!adapter) throw new Error("Cannot measure WebGPU: there is no adapter");
const facts = adapterFacts(adapter), rounds = Number(Deno.args[0] ?? 3);
const tiling = facts.software ? "direct" : "staged";
console.log(`${facts.name}${facts.software ? " (software)" : ""}, tiles ${tiling}, best of ${rounds}\n`);
await tf.setBackend("webgpu");
await tf.ready();

const rows: string[][] = [];
for (const task of tasks) rows.push(await measure(task));
table([
  "",
  "GFLOP",
  "ours, ms",
  "GFLOP/s",
  "tfjs, ms",
  "GFLOP/s",
  "ratio",
  ...facts.software ? ["of CPU time"] : [],
  "NMSE",
  "tile",
], rows);

console.log("\nWork of the published models on a GPU, by their plans\n");
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
table(
  ["", "dispatches", "submits", "GFLOP", "weights, MB", "moved, MB", "ratio", "arena, MB", "alive, MB"],
  publishedWork().map(({ name, ...work }) => [
    name,
    `${work.dispatches}`,
    `${work.submits}`,
    (work.flop / 1e9).toFixed(1),
    megabytes(work.weightBytes),
    megabytes(work.movedBytes),
    (work.movedBytes / work.weightBytes).toFixed(2),
    megabytes(work.arenaBytes),
    megabytes(work.liveBytes),
  ]),
);
Deno.exit(0);

async function measure({ name, x: shape, weight }: Task): Promise<string[]> {
  const graph = chain(shape, weight), values = hashed(`${name}.x`, shape), w = hashedWeight("weight", weight);
  await using backend = new WebGpuBackend();
  await using weights = await backend.load({
    shapes: new Map([["weight", weight]]),
    read: () => Promise.resolve(w),
  }, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const inputs = { x: f32Tensor(shape, values) };
  const ours = async () => (await program.run(inputs)).y!.data;

  const product = weight.length === 2;
  // [O,C,K,K] → [K,K,C,O], [O,C] → [C,O].
  const theirWeight = tf.transpose(tf.tensor(w, [...weight]), product ? [1, 0] : [2, 3, 1, 0]);
  const theirX = tf.tensor(values, [...shape]);
  const theirs = async () => {
    const y = tf.tidy(() => {
      let h = theirX;
      for (let i = 0; i < layers; i++) {
        h = product
          ? tf.matMul(h as tf.Tensor2D, theirWeight as tf.Tensor2D)
          : tf.conv2d(h as tf.Tensor4D, theirWeight as tf.Tensor4D, 1, "same");
      }
      return h;
    });
    const data = await y.data();
    y.dispose();
    return data;
  };

  const error = nmse(await ours(), await theirs());
  if (!(error <= 1e-6)) throw new Error(`Cannot time a wrong result: ${name} differs by an NMSE of ${error}`);
  const never = { passed: Infinity, worked: Infinity }, times = { ours: never, theirs: never };
  for (let round = 0; round < rounds; round++) {
    times.ours = least(times.ours, await seconds(ours));
    times.theirs = least(times.theirs, await seconds(theirs));
  }
  const { flop } = program.stats;
  const tile = chooseTile(tiling, {
    rows: product ? shape[0]! : shape[1]! * shape[2]!,
    outputs: weight[0]!,
    depth: weight.slice(1).reduce((product, length) => product * length),
  });
  tf.dispose([theirWeight, theirX]);
  return [
    name,
    (flop / 1e9).toFixed(2),
    (1000 * times.ours.passed).toFixed(0),
    (flop / times.ours.passed / 1e9).toFixed(1),
    (1000 * times.theirs.passed).toFixed(0),
    (flop / times.theirs.passed / 1e9).toFixed(1),
    `${(times.theirs.passed / times.ours.passed).toFixed(2)}×`,
    // A software adapter runs on the processors. CPU time does not depend on other load.
    ...facts.software ? [`${(times.theirs.worked / times.ours.worked).toFixed(2)}×`] : [],
    error.toExponential(0),
    `${tile.pixels * tile.rows}×${4 * tile.quads * tile.lanes}`,
  ];
}

function chain(shape: readonly number[], weight: readonly number[]): Graph {
  const graph = trace({ x: { shape, dtype: "f32" } }, ({ x }) => {
    const w = param("weight", weight);
    let y = x!;
    for (let i = 0; i < layers; i++) {
      y = weight.length === 2
        ? linear(y, { weight: w })
        : conv2d(y, { weight: w, stride: 1, padding: weight[2]! >> 1 });
    }
    return { y };
  });
  if (tensorsOf(graph, "param").length !== 1) throw new Error("a chain has one weight");
  return graph;
}

/** Elapsed seconds and CPU seconds. */
async function seconds(work: () => Promise<unknown>): Promise<Seconds> {
  const start = performance.now(), before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { passed: (performance.now() - start) / 1000, worked: (user + system) / 1e6 };
}

function least(a: Seconds, b: Seconds): Seconds {
  return { passed: Math.min(a.passed, b.passed), worked: Math.min(a.worked, b.worked) };
}
