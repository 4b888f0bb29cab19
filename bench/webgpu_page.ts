/** The script that `webgpu_chromium.ts` runs in Chromium. */
import { adapterFacts, findAdapter } from "../src/backend/webgpu/adapter.ts";
import { WebGpuBackend } from "../src/backend/webgpu/webgpu_backend.ts";
import type { TokenizerConfig } from "../src/networks/magvit2/config.ts";
import { tensorsOf } from "../src/graph/trace.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { f32Tensor } from "../src/tensor/tensor.ts";
import { encodeGraph } from "../src/tokenizer/programs.ts";

/** Seconds of each run. The first run includes compilation. */
export interface Timing {
  readonly first: number;
  readonly runs: readonly number[];
}

/** The functions of the page. */
export interface Page {
  adapter(): Promise<string>;
  ours(options: { side: number; runs: number }): Promise<Timing & { flop: number }>;
  /** Runs the graph at `model` with onnxruntime-web's WebGPU provider. `base` is the URL of its files. */
  theirs(options: { base: string; model: string; side: number; runs: number }): Promise<Timing>;
}

/** The part of onnxruntime-web that is used. */
interface Ort {
  readonly env: { wasm: { wasmPaths: string; numThreads: number }; logLevel: string };
  readonly InferenceSession: {
    create(model: Uint8Array, options: { executionProviders: string[] }): Promise<{
      run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
    }>;
  };
  readonly Tensor: new (type: string, data: Float32Array, dims: number[]) => unknown;
}

/** The configuration of imagenet_256_L. */
const config: TokenizerConfig = {
  ...{ kind: "image", ch: 128, chMult: [1, 1, 2, 2, 4], numResBlocks: 4, zChannels: 18 },
  ...{ inChannels: 3, outChannels: 3 },
};

const page: Page = {
  async adapter() {
    const adapter = await findAdapter();
    return adapter ? adapterFacts(adapter).name : "none";
  },

  async ours({ side, runs }) {
    const graph = encodeGraph(config, { n: 1, height: side, width: side });
    const shapes = new Map(tensorsOf(graph, "param").map(({ attrs }) => [attrs.name, attrs.shape]));
    await using backend = new WebGpuBackend();
    await using weights = await backend.load({
      shapes,
      read: (name) => Promise.resolve(waves(sizeOf(shapes.get(name)!), 0.02)),
    }, { graphs: [graph] });
    await using program = await backend.compile(graph, weights);
    const x = f32Tensor([1, side, side, 3], waves(3 * side ** 2, 1));
    const timing = await time(runs, async () => {
      const { z } = await program.run({ x });
      checkFinite(z!.data);
    });
    return { ...timing, flop: program.stats.flop };
  },

  async theirs({ base, model, side, runs }) {
    const ort = await import(`${base}ort.webgpu.min.mjs`) as Ort;
    ort.env.wasm.wasmPaths = base;
    ort.env.wasm.numThreads = 1;
    const bytes = new Uint8Array(await (await fetch(model)).arrayBuffer());
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["webgpu"] });
    const x = new ort.Tensor("float32", waves(3 * side ** 2, 1), [1, 3, side, side]);
    return await time(runs, async () => {
      const { z } = await session.run({ x });
      checkFinite(z!.data);
    });
  },
};

async function time(runs: number, work: () => Promise<void>): Promise<Timing> {
  const seconds: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    await work();
    seconds.push((performance.now() - start) / 1000);
  }
  return { first: seconds[0]!, runs: seconds.slice(1) };
}

function waves(length: number, scale: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => scale * Math.sin(i));
}

function checkFinite(values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) throw new Error("Cannot time a result that is not finite");
  }
}

Object.assign(globalThis, { page });
