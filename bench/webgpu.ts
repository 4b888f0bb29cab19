/**
 * Compares matrix products and convolutions on WebGPU with @tensorflow/tfjs-backend-webgpu on the same adapter:
 * `deno task bench webgpu [ROUNDS]`. The layers are small enough for a software adapter; `bench/gpu` has those of the
 * published models.
 *
 * Each task is a chain of equal layers, so that transfers take a small share of the time. Results are compared with those
 * of tfjs before anything is timed. Rounds of both alternate, and the fastest of each is reported. On a software adapter
 * the CPU time is compared, too.
 */
import process from "node:process";
import { adapterFacts, findAdapter } from "../src/backend/webgpu/adapter.ts";
import { chooseTile } from "../src/backend/webgpu/tiles.ts";
import { publishedWork } from "../tests/backend/webgpu_plans.ts";
import { besideTfjs } from "./gpu/beside_tfjs.ts";
import { type Layer, layerFlop } from "./gpu/layer_chain.ts";
import { table } from "./report.ts";

interface Task extends Layer {
  readonly name: string;
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
const { software } = facts, tiling = software ? "direct" : "staged";
const target = { tiling, software, workgroupBytes: adapter.limits.maxComputeWorkgroupStorageSize } as const;
console.log(`${facts.name}${facts.software ? " (software)" : ""}, tiles ${tiling}, best of ${rounds}\n`);

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

async function measure(task: Task): Promise<string[]> {
  const { name, x, weight } = task, flop = layers * layerFlop(task);
  return await besideTfjs(task, layers, async ({ error, ours, theirs }) => {
    const never = { passed: Infinity, worked: Infinity }, times = { ours: never, theirs: never };
    for (let round = 0; round < rounds; round++) {
      times.ours = least(times.ours, await seconds(ours.run));
      times.theirs = least(times.theirs, await seconds(theirs.run));
    }
    const tile = chooseTile(target, {
      rows: x.slice(0, -1).reduce((product, length) => product * length),
      outputs: weight[0]!,
      depth: weight.slice(1).reduce((product, length) => product * length),
    });
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
  });
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
