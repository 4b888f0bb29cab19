/**
 * What users do with the package, one check a feature: every host runs them all. They import the package by its name, as
 * users do, and nothing else.
 */
import { createImage, encodeImage, Generator, psnr, readImage, Tokenizer } from "@voken/magvit2";
import { createBackend } from "@voken/magvit2/advanced";

/** What the checks need, and what must come out. */
export interface Task {
  /** Address of the folder of the model. */
  readonly models: string;
  /** Name of the model's repository on the hub. */
  readonly repository: string;
  /** Tokens of `sampleImage`, and the first ones that are generated. */
  readonly expected: { readonly tokens: readonly number[]; readonly generated: readonly number[] };
}

/** What became of each check: `yes`, or why not. */
export type Results = Record<string, string>;

/** A check throws if the feature does not work. */
export type Checks = Readonly<Record<string, (task: Task) => Promise<void>>>;

/** The request of the check of the generator. */
export const request = { classIds: 2, seed: 42, candidates: 1 } as const;

/** An image with edges and gradients. */
export function sampleImage(): ReturnType<typeof createImage> {
  const image = createImage({ width: 32, height: 32 });
  for (let i = 0; i < image.data.length; i++) {
    const pixel = Math.floor(i / 3), x = pixel % 32, y = pixel >> 5;
    image.data[i] = Math.hypot(x - 16, y - 16) < 10 ? 60 + 6 * x : [240, 200, 40 + 4 * y][i % 3]!;
  }
  return image;
}

/** The checks that every host runs. */
export const checks: Checks = {
  async tokenizer(task) {
    await using tokenizer = await Tokenizer.load(await fetchBytes(task, "model"), {
      backend: "wasm",
      threads: 1,
    });
    await reconstructs(tokenizer, task);
  },
  async threads(task) {
    await using backend = await createBackend("wasm", { threads: 2 });
    await using tokenizer = await Tokenizer.load(await fetchBytes(task, "model"), { backend });
    await reconstructs(tokenizer, task);
    const { threads } = backend as unknown as { threads: number };
    if (threads !== 2) throw new Error(`${threads} thread`);
  },
  async WebGPU(task) {
    await using tokenizer = await Tokenizer.load(await fetchBytes(task, "model"), { backend: "webgpu" });
    await reconstructs(tokenizer, task);
  },
  async codecs() {
    const image = sampleImage();
    for (const format of ["png", "jpeg", "webp"] as const) {
      const file = await encodeImage(image, { format });
      const decibels = psnr(image, await readImage(new Blob([file as Uint8Array<ArrayBuffer>])));
      if (!(decibels > 25)) throw new Error(`${format}: ${decibels} dB`);
    }
  },
  async generator(task) {
    await using generator = await Generator.load(await fetchBytes(task, "transformer"), {
      tokenizer: await fetchBytes(task, "model"),
      backend: "wasm",
    });
    const [generated] = await generator.generate(request);
    same([...generated!.tokens.data], task.expected.generated);
    if (generated!.image.width !== 64) throw new Error(`an image of width ${generated!.image.width}`);
  },
  async name(task) {
    await using tokenizer = await Tokenizer.load("emoji-64", { backend: "wasm" });
    await reconstructs(tokenizer, task);
  },
  async URL(task) {
    await using tokenizer = await Tokenizer.load(`${task.models}model.safetensors`, { backend: "wasm" });
    await reconstructs(tokenizer, task);
  },
  async hub(task) {
    await using tokenizer = await Tokenizer.load(`hf:${task.repository}`, { backend: "wasm" });
    await reconstructs(tokenizer, task);
  },
};

/** Runs checks one after the other. */
export async function runChecks(checks: Checks, task: Task): Promise<Results> {
  const results: Results = {};
  for (const [feature, check] of Object.entries(checks)) {
    try {
      await within(checkTime, check(task));
      results[feature] = "yes";
    } catch (error) {
      results[feature] = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    }
  }
  return results;
}

/** What a check may take, in milliseconds. */
const checkTime = 120_000;

async function within(milliseconds: number, check: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("it takes too long")), milliseconds);
  await Promise.race([check, late.promise]).finally(() => clearTimeout(timer));
}

/** The bytes of one of the model's files. */
export async function fetchBytes({ models }: Task, name: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`${models}${name}.safetensors`)).arrayBuffer());
}

async function reconstructs(tokenizer: Tokenizer, { expected }: Task): Promise<void> {
  const image = sampleImage(), tokens = await tokenizer.encode(image);
  same([...tokens.data], expected.tokens);
  const decibels = psnr(image, await tokenizer.decode(tokens));
  if (!(decibels > 15)) throw new Error(`${decibels} dB`);
}

/** Throws unless nearly all tokens are the same: latents between two codes may fall to either side. */
function same(tokens: readonly number[], expected: readonly number[]): void {
  const right = expected.filter((token, i) => token === tokens[i]).length;
  if (right < 0.97 * expected.length) throw new Error(`${right} of ${expected.length} tokens are right`);
}
