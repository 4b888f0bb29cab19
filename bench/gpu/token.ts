/** A token of the published transformers with guidance, for one image and for several at once. */
import type { WeightFormat } from "../../src/backend/backend.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { DeviceTime, medianTime } from "./device_time.ts";
import { fastWeights } from "./fast_weights.ts";
import { printKernels } from "./kernels.ts";
import { transformers } from "./models.ts";
import { milliseconds, type Options, short } from "./part.ts";

/** Steps that are given at once, as in generation, in the midst of an image. */
const steps = 32;

/** Draws tokens with AR_256_B in f16, q8 and f32; with `large`, AR_256_L and AR_256_XL in f16. */
export async function token(options: Options): Promise<void> {
  for (const [model, config] of Object.entries(transformers(options))) {
    const formats = model === "AR_256_B" ? ["f16", "q8", "f32"] as const : ["f16"] as const;
    for (const format of formats) await timeModel(options, { model, config, format });
  }
}

async function timeModel(
  { small, report }: Options,
  { model, config, format }: { model: string; config: TransformerConfig; format: WeightFormat },
): Promise<void> {
  const clock = await DeviceTime.open();
  await using backend = new WebGpuBackend({ device: clock.device, keepWeights: false });
  const graphOf = (n: number) => stepGraph(config, { n, guided: true, f16Cache: format !== "f32" });
  const graphs = [graphOf(1)], start = performance.now();
  await using weights = await backend.load(fastWeights(graphs), { graphs, format });
  console.log(
    `${model} in ${format}: ${short(weights.bytes / 1e6)} MB of weights, ready in ${
      short(performance.now() - start)
    } ms`,
  );
  for (const n of small ? [1, 2] : [1, 8, 32]) {
    await using program = await backend.compile(graphOf(n), weights);
    const first = config.grid ** 2 / 2 - steps / 2;
    const inputs = Array.from(
      { length: small ? 2 : steps },
      (_, i) => inputsAt(Math.max(0, first) + i, n, config),
    );
    const times = await medianTime(clock, () => program.runMany!(inputs, { feedback: {} }), {
      runs: small ? 1 : 5,
    });
    const result = milliseconds(times, inputs.length), { flop } = program.stats;
    report({ what: "token", model, batch: n, mode: format, ...result, flop, bytes: weights.bytes });
    console.log(
      `token, ${model} in ${format}, ${n} images: ${short(result.ms)} ms, on the device ${
        short(result.deviceMs ?? NaN)
      } ms`,
    );
    if (n === 1) {
      printKernels(
        `token, ${model} in ${format}, each dispatch by itself`,
        await program.profile(inputs[0]!),
      );
    }
  }
  clock.device.destroy();
}

/** Inputs of the step at a position, with and without the class of each of `n` images. */
function inputsAt(position: number, n: number, { classes }: TransformerConfig): Record<string, HostTensor> {
  const rows = 2 * n, all = (value: number) => f32Tensor([n], new Float32Array(n).fill(value));
  const settings = (part: string, guidance: number) => ({
    [`temperature_${part}`]: all(1),
    [`top_k_${part}`]: u32Tensor([n]),
    [`top_p_${part}`]: all(0.96),
    [`guidance_${part}`]: all(guidance),
  });
  return {
    classes: u32Tensor([rows], Uint32Array.from({ length: rows }, (_, row) => row < n ? row : classes)),
    position: u32Tensor([rows], new Uint32Array(rows).fill(position)),
    pre: u32Tensor([rows]),
    post: u32Tensor([rows]),
    key: u32Tensor([n, 2]),
    counter: u32Tensor([n, 4], Uint32Array.from({ length: 4 * n }, (_, i) => i)),
    ...settings("pre", 1.9),
    ...settings("post", 2),
  };
}
