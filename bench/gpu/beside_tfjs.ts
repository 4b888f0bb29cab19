/** The same chain of layers through the library and through @tensorflow/tfjs-backend-webgpu, on the same adapter. */
import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { nmse } from "../../tests/golden/golden.ts";
import { DeviceTime } from "./device_time.ts";
import { fastValues, fastWeight } from "./fast_weights.ts";
import { type Layer, layerChain } from "./layer_chain.ts";

/** A chain as each of both runs it, with a clock on its device. */
export interface BesideTfjs {
  /** The distance of both results. */
  readonly error: number;
  readonly ours: Side;
  readonly theirs: Side;
}

/** Work and the clock of the device that does it. */
export interface Side {
  readonly clock: DeviceTime;
  run(): Promise<unknown>;
}

let theirClock: DeviceTime | undefined;

/** The clock on the device of tfjs, which it keeps. */
async function clockOfTfjs(): Promise<DeviceTime> {
  await tf.setBackend("webgpu");
  await tf.ready();
  return theirClock ??= new DeviceTime((tf.backend() as unknown as { device: GPUDevice }).device);
}

/**
 * Sets up a chain of `length` equal layers of one weight on both, compares what they give, and hands both to `measure`.
 * Throws if the results differ. For a product the sizes of inputs and outputs have to agree.
 */
export async function besideTfjs<T>(
  layer: Layer,
  length: number,
  measure: (both: BesideTfjs) => Promise<T>,
): Promise<T> {
  const graph = layerChain(layer, length, { shared: true }), values = fastValues(layer.x);
  const weight = fastWeight("weight", layer.weight), inputs = { x: f32Tensor(layer.x, values) };
  const clock = await DeviceTime.open();
  await using backend = new WebGpuBackend({ device: clock.device });
  await using weights = await backend.load({
    shapes: new Map([["weight", layer.weight]]),
    read: () => Promise.resolve(weight),
  }, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const ours = { clock, run: async () => (await program.run(inputs)).y!.data };

  const theirs = { clock: await clockOfTfjs(), run: () => chain.data() },
    chain = tfjsChain(layer, values, weight, length);
  try {
    const error = nmse(await ours.run(), await theirs.run());
    if (!(error <= 1e-6)) throw new Error(`Cannot time a wrong result: it differs by an NMSE of ${error}`);
    return await measure({ error, ours, theirs });
  } finally {
    chain.dispose();
    clock.device.destroy();
  }
}

function tfjsChain(
  { x: shape, weight: weightShape }: Layer,
  values: Float32Array,
  weight: Float32Array,
  length: number,
) {
  const product = weightShape.length === 2;
  // [O,C,K,K] → [K,K,C,O], [O,C] → [C,O].
  const w = tf.tidy(() => tf.transpose(tf.tensor(weight, [...weightShape]), product ? [1, 0] : [2, 3, 1, 0]));
  const x = tf.tensor(values, [...shape]);
  return {
    async data() {
      const y = tf.tidy(() => {
        let h = x;
        for (let i = 0; i < length; i++) {
          h = product
            ? tf.matMul(h as tf.Tensor2D, w as tf.Tensor2D)
            : tf.conv2d(h as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
        }
        return h;
      });
      const data = await y.data();
      y.dispose();
      return data;
    },
    dispose: () => tf.dispose([w, x]),
  };
}
