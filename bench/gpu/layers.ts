/** Single layers of the published models through the library: convolutions, products of many rows and of few. */
import type { WeightFormat, Weights } from "../../src/backend/backend.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { DeviceTime, medianTime } from "./device_time.ts";
import { fastValues, fastWeights } from "./fast_weights.ts";
import { type Layer, layerChain, layerFlop } from "./layer_chain.ts";
import { milliseconds, type Options, type Result, short } from "./part.ts";

/** Channels and sides of convolutions of imagenet_256_L, inputs and outputs of products of AR_256_B. */
export const convolutions = [[128, 256], [128, 128], [256, 64], [256, 32], [512, 16]] as const;
export const products = [[1024, 3072], [1024, 1024], [1024, 2816], [2816, 1024]] as const;
const manyRows = [64, 2056], fewRows = [1, 2, 16];
const bits: Readonly<Record<WeightFormat, number>> = { f32: 32, f16: 16, q8: 8.5, q4: 4.5 };
/** Bytes of a chain's weights, which exceed what caches hold, and its least length. */
const chainBytes = 1e8, leastLength = 16;

/** A layer, as it is reported. */
type Named = Pick<Result, "what" | "model" | "batch" | "size"> & { readonly layer: Layer };

/** The convolution of a model's level, with `small` a tiny one. */
export function convolution([channels, side]: readonly [number, number], small: boolean): Named {
  const [c, s] = small ? [channels / 16, Math.max(2, side / 16)] : [channels, side];
  return { what: "conv", model: `${c}@${s}`, batch: 1, layer: { x: [1, s, s, c], weight: [c, c, 3, 3] } };
}

/** A product of `rows` rows, with `small` a narrow one. */
export function product(
  [inputs, outputs]: readonly [number, number],
  { rows, small, what = "product" }: { rows: number; small: boolean; what?: string },
): Named {
  const [i, o] = small ? [inputs / 16, outputs / 16] : [inputs, outputs];
  return { what, model: `${i}x${o}`, batch: rows, layer: { x: [rows, i], weight: [o, i] } };
}

/** Times all layers, each by chains of it on the device. */
export async function layers({ small, report }: Options): Promise<void> {
  const clock = await DeviceTime.open();
  // A chain is one submit, so that the device never waits for the host.
  await using backend = new WebGpuBackend({
    device: clock.device,
    keepWeights: false,
    flopPerSubmit: Infinity,
  });

  async function time({ layer, ...name }: Named, weights: Weights, mode: WeightFormat, length: number) {
    await using program = await backend.compile(layerChain(layer, length), weights);
    const x = f32Tensor(layer.x, fastValues(layer.x));
    const time = await medianTime(clock, () => program.run({ x }), { runs: small ? 1 : 5 });
    const { ms, deviceMs } = milliseconds(time, length), best = deviceMs ?? ms;
    const flop = layerFlop(layer), bytes = bits[mode] / 8 * sizeOf(layer.weight);
    console.log(
      `${name.what} ${name.model} of ${name.batch} in ${mode}: ${short(1000 * best)} µs, ` +
        `${short(flop / best / 1e9)} TFLOP/s, ${short(bytes / best / 1e6)} GB/s`,
    );
    report({ ...name, mode, ms: best, flop, ...name.what === "matvec" && { bytes } });
  }

  async function timeAll(named: readonly Named[], format: WeightFormat) {
    const { weight } = named[0]!.layer, bytes = bits[format] / 8 * sizeOf(weight);
    const length = small ? 2 : Math.max(leastLength, Math.ceil(chainBytes / bytes));
    const graphs = [layerChain(named[0]!.layer, length)];
    await using weights = await backend.load(fastWeights(graphs), { graphs, format });
    for (const one of named) {
      await time(one, weights, format, one.what === "matvec" ? length : Math.min(length, leastLength));
    }
  }

  for (const shape of convolutions) await timeAll([convolution(shape, small)], "f32");
  for (const shape of products) {
    await timeAll(manyRows.map((rows) => product(shape, { rows, small })), "f32");
  }
  for (const format of ["f16", "q8", "f32", "q4"] as const) {
    for (const shape of products) {
      await timeAll(fewRows.map((rows) => product(shape, { rows, small, what: "matvec" })), format);
    }
  }
  clock.device.destroy();
}
