/** What the browser runs; bundled by `webgpu.slow.ts`, which calls it. */
import type { Backend, WeightFormat, WeightSource } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { findAdapter } from "../../src/backend/webgpu/adapter.ts";
import { WebGpuProgram } from "../../src/backend/webgpu/program.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import {
  adamStep,
  initializeStates,
  optimizers,
  stepFactors,
  tokenizerInitialValues,
  tokenizerStep,
  TrainingProgram,
  trainingShaders,
} from "../../src/train/steps.ts";
import { nmse } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { type CaseName, elementsOf, type OpCase } from "../ops/case.ts";
import { casesOf, inferenceNames, opCases } from "../ops/cases.ts";

/** Cases with more elements are left to the tests outside of the browser. */
const most = 20_000;

/** One encoding and one decoding: the model, an image, and what must come out. */
export interface TokenizerTask {
  readonly config: TokenizerConfig;
  /** Where each weight begins among the floats that the page's server gives as `/weights`. */
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly start: number;
  }[];
  readonly x: { readonly shape: readonly number[]; readonly data: readonly number[] };
}

/** The tests that the page offers. */
export interface Page {
  adapter(): Promise<boolean>;
  ops(): readonly string[];
  /** What was wrong with the cases of an op: about `count` of them in each format of weights. */
  check(op: string, options: { tiling: string; count: number }): Promise<string[]>;
  tokenizer(task: TokenizerTask): Promise<{ tokens: number[]; image: number[] }>;
  /** The numbers of a small tokenizer's first step of training on WebGPU, and those of the reference. */
  trainingStep(): Promise<Record<"webgpu" | "reference", Record<string, number>>>;
}

const page: Page = {
  adapter: async () => await findAdapter() !== undefined,
  ops: () => inferenceNames,

  async check(op, { tiling, count }) {
    const name = op as CaseName, wrong: string[] = [];
    await using backend = new WebGpuBackend({}, { tiling: tiling as Tiling, guarded: true });
    const reference = new ReferenceBackend();
    for (const format of ["f32", ...opCases[name].formats ?? []] as WeightFormat[]) {
      const cases = casesOf(name).filter((example) => elementsOf(example) <= most);
      const step = Math.max(1, Math.floor(cases.length / count));
      for (const example of cases.filter((_, i) => i % step === 0)) {
        const title = `${name} in ${format}, ${example.title}`;
        try {
          const expected = await compute(reference, example, format);
          const error = nmse(await compute(backend, example, format), expected);
          if (!(error <= opCases[name].tolerance)) wrong.push(`${title}: NMSE ${error}`);
        } catch (error) {
          wrong.push(`${title}: ${error}`);
        }
      }
    }
    return wrong;
  },

  async tokenizer({ config, weights: stored, x }) {
    const [n, height, width] = x.shape as [number, number, number];
    const graphs = [encodeGraph(config, { n, height, width }), decodeGraph(config, { n, height, width })];
    const floats = new Float32Array(await (await fetch("/weights")).arrayBuffer());
    const source: WeightSource = {
      shapes: new Map(stored.map(({ name, shape }) => [name, shape])),
      read: (name) => {
        const { start, shape } = stored.find((weight) => weight.name === name)!;
        return Promise.resolve(floats.slice(start, start + sizeOf(shape)));
      },
    };
    await using backend = new WebGpuBackend();
    await using weights = await backend.load(source, { graphs });
    await using encode = await backend.compile(graphs[0]!, weights);
    await using decode = await backend.compile(graphs[1]!, weights);
    const { tokens } = await encode.run({ x: f32Tensor(x.shape, Float32Array.from(x.data)) });
    const image = await decode.run({ tokens: u32Tensor(tokens!.shape, tokens!.data as Uint32Array) });
    return { tokens: [...tokens!.data], image: [...image.x!.data] };
  },

  async trainingStep() {
    await using backend = new WebGpuBackend({ training: trainingShaders });
    return { webgpu: await trainOnce(backend), reference: await trainOnce(new ReferenceBackend()) };
  },
};

/** How a tokenizer of two images of 4×4 is trained. */
const adam = { beta1: 0.9, beta2: 0.99 };
const small: TokenizerConfig = {
  ...{ kind: "image", ch: 32, chMult: [1, 1], numResBlocks: 1, zChannels: 4, inChannels: 3, outChannels: 3 },
};

/** What the step logs, and the length of each parameter's first moment. */
async function trainOnce(backend: Backend): Promise<Record<string, number>> {
  const n = 2, size = 4, shape = [n, size, size, 3];
  const step = tokenizerStep(small, {
    ...{ n, size, perceptual: false, entropyWeight: 0.1, commitmentWeight: 0.25, adam, emaDecay: 0.9 },
  });
  const shapes = new Map([...step.parameters].map(([name, { shape }]) => [name, shape]));
  const source = tokenizerInitialValues(shapes, { seed: 3 });
  await using weights = await backend.load(source, { graphs: [step.gradients] });
  await using program = await TrainingProgram.compile(backend, step, { weights });
  await initializeStates(program.states, step, source);
  const logs = await program.run({
    x: f32Tensor(shape, hashed("x", shape)),
    ...adamStep({ step: 1, learningRate: 1e-3 }, { ...adam, name: optimizers.generator }),
    ...stepFactors({ generator: 0, discriminator: 0, entropy: 1 }),
  });
  const numbers = Object.fromEntries(Object.entries(logs).map(([name, { data }]) => [name, data[0]!]));
  for (const name of shapes.keys()) {
    const { data } = await program.states.read(`adam.m.${name}`);
    numbers[name] = Math.hypot(...data);
  }
  return numbers;
}

async function compute(backend: Backend, example: OpCase, format: WeightFormat): Promise<ArrayLike<number>> {
  await using weights = await backend.load(example.weights, { graphs: [example.graph], format });
  await using program = await backend.compile(example.graph, weights);
  let y: ArrayLike<number> = [];
  for (const inputs of example.runs) y = (await program.run(inputs)).y!.data;
  if (program instanceof WebGpuProgram) {
    const damaged = await program.damaged();
    if (damaged.length > 0) throw new Error(`stray writes behind ${damaged}`);
  }
  return y;
}

Object.assign(globalThis, { page });
