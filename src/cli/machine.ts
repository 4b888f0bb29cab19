import type { Backend } from "../backend/backend.ts";
import { ReferenceBackend } from "../backend/reference/reference_backend.ts";
import { chooseVariant, detectFeatures, type Features, type Variant } from "../backend/wasm/features.ts";
import { type Choice, chooseBackend } from "../backend/select.ts";
import { WasmBackend } from "../backend/wasm/wasm_backend.ts";
import { type AdapterFacts, adapterFacts, findAdapter } from "../backend/webgpu/adapter.ts";
import { WebGpuBackend } from "../backend/webgpu/webgpu_backend.ts";
import { conv2d, groupNorm, param, silu } from "../graph/build.ts";
import { type Graph, tensorsOf, trace } from "../graph/trace.ts";
import { encodeImage } from "../image/encode.ts";
import type { ImageFormat } from "../image/header_type.ts";
import { createImage } from "../image/image.ts";
import { readImage } from "../image/read.ts";
import { sizeOf } from "../tensor/shape.ts";
import { f32Tensor } from "../tensor/tensor.ts";

/** The WASM kernels of this machine, and whether their results are correct. */
export interface WasmFacts {
  readonly features: Features;
  readonly variant?: Variant;
  readonly threads?: number;
  /** Normalised mean squared difference from the reference on a small convolution. */
  readonly error?: number;
  /** Why the kernels do not run. */
  readonly problem?: string;
}

/** The WebGPU adapter, whether the results of its kernels are correct, and the backend that `auto` chooses. */
export interface WebGpuFacts {
  readonly adapter?: AdapterFacts;
  /** Normalised mean squared difference from the reference on a small convolution. */
  readonly error?: number;
  /** Why the kernels do not run. */
  readonly problem?: string;
  readonly auto: Choice;
}

/** Starts the WASM backend and compares a small convolution with the reference backend. */
export async function wasmFacts(): Promise<WasmFacts> {
  const features = detectFeatures();
  try {
    const { variant, threads } = chooseVariant(features, { processors: navigator.hardwareConcurrency });
    return { features, variant, threads, error: await errorOf(new WasmBackend()) };
  } catch (error) {
    return { features, problem: messageOf(error) };
  }
}

/** Finds an adapter and compares a small convolution on it with the reference backend. */
export async function webgpuFacts(): Promise<WebGpuFacts> {
  const found = await findAdapter(), adapter = found && adapterFacts(found);
  const auto = chooseBackend(adapter);
  if (!adapter) return { auto };
  try {
    return { adapter, error: await errorOf(new WebGpuBackend()), auto };
  } catch (error) {
    return { adapter, problem: messageOf(error), auto };
  }
}

/** Encodes and decodes an image in each format. Returns `ok` or the error for each. */
export async function codecFacts(): Promise<Record<ImageFormat, string>> {
  const image = createImage({ width: 5, height: 3 }, Uint8Array.from({ length: 45 }, (_, i) => 5 * i));
  const state = async (format: ImageFormat) => {
    try {
      const { width, height } = await readImage(await encodeImage(image, { format }));
      return width === 5 && height === 3 ? "ok" : `decodes 5×3 as ${width}×${height}`;
    } catch (error) {
      return messageOf(error);
    }
  };
  return { png: await state("png"), jpeg: await state("jpeg"), webp: await state("webp") };
}

/** A norm, swish and 3×3 convolution of 32 channels on 12×12 positions. */
function smallGraph(): Graph {
  const channels = 32;
  return trace({ x: { shape: [1, 12, 12, channels], dtype: "f32" } }, ({ x }) => {
    const weight = param("norm.weight", [channels]), bias = param("norm.bias", [channels]);
    const h = silu(groupNorm(x!, { weight, bias, groups: 8, eps: 1e-6 }));
    return { y: conv2d(h, { weight: param("conv", [channels, channels, 3, 3]), stride: 1, padding: 1 }) };
  });
}

/** The normalised mean squared difference of a small convolution from the reference. Disposes `backend`. */
async function errorOf(backend: Backend): Promise<number> {
  const [actual, expected] = [await convolve(backend), await convolve(new ReferenceBackend())];
  let distance = 0, length = 0;
  expected.forEach((value, i) => {
    distance += (value - actual[i]!) ** 2;
    length += value ** 2;
  });
  return distance / length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function convolve(machine: Backend): Promise<Float32Array> {
  await using backend = machine;
  const graph = smallGraph();
  const shapes = new Map(tensorsOf(graph, "param").map(({ attrs }) => [attrs.name, attrs.shape]));
  const wave = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * i + 1));
  const source = { shapes, read: (name: string) => Promise.resolve(wave(sizeOf(shapes.get(name)!))) };
  await using weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const x = f32Tensor(tensorsOf(graph, "input")[0]!.attrs.shape);
  x.data.set(wave(x.data.length));
  const { y } = await program.run({ x });
  return y!.data as Float32Array;
}
