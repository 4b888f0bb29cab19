/** Encoding and decoding of the published tokenizers at 256², held against their goldens first. */
import type { Program } from "../../src/backend/backend.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { nchwToNhwc } from "../../src/image/pixels.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { nmse, readGolden } from "../../tests/golden/golden.ts";
import { hashed } from "../../tests/golden/hashed.ts";
import { hashedWeights } from "../../tests/golden/tokenizer_golden.ts";
import { DeviceTime, medianTime } from "./device_time.ts";
import { fastValues, fastWeights } from "./fast_weights.ts";
import { printKernels } from "./kernels.ts";
import { tokenizers } from "./models.ts";
import { milliseconds, type Options, short } from "./part.ts";

/** What goes into a model, and what has to come out where a golden says so. */
interface Case {
  readonly x: HostTensor<"f32">;
  readonly tokens: HostTensor<"u32">;
  readonly z?: HostTensor;
  readonly reconstruction?: HostTensor;
}

/** Encodes and decodes with each tokenizer. */
export async function tokenizer(options: Options): Promise<void> {
  const { small } = options, size = small ? 32 : 256;
  for (const [model, config] of Object.entries(tokenizers(small))) {
    // The golden of imagenet_128_L is of another size.
    const golden = small || model !== "imagenet_256_L" ? randomCase(config, size) : await goldenCase(model);
    await timeModel(options, { model, config, size, golden });
  }
}

async function timeModel(
  { small, report }: Options,
  { model, config, size, golden }: { model: string; config: TokenizerConfig; size: number; golden: Case },
): Promise<void> {
  const extent = { n: 1, height: size, width: size };
  const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)] as const;
  const clock = await DeviceTime.open();
  await using backend = new WebGpuBackend({ device: clock.device, keepWeights: false });
  const source = golden.z ? hashedWeights(graphs) : fastWeights(graphs);
  await using weights = await backend.load(source, { graphs });

  async function time(what: string, program: Program, inputs: Record<string, HostTensor>) {
    const times = await medianTime(clock, () => program.run(inputs), { runs: small ? 1 : 9 });
    const result = milliseconds(times), { flop } = program.stats;
    report({ what, model, batch: 1, mode: "f32", size, ...result, flop });
    console.log(
      `${what}, ${model} at ${size}²: ${short(result.ms)} ms, on the device ${
        short(result.deviceMs ?? NaN)
      } ms`,
    );
    printKernels(`${what}, ${model}, each dispatch by itself`, await program.profile(inputs));
  }

  const { x, tokens } = golden;
  {
    await using encode = await backend.compile(graphs[0], weights);
    if (golden.z) check(`latents of ${model}`, (await encode.run({ x })).z!, golden.z);
    await time("encode", encode, { x });
  }
  await using decode = await backend.compile(graphs[1], weights);
  if (golden.reconstruction) {
    check(`image of ${model}`, (await decode.run({ tokens })).x!, golden.reconstruction);
  }
  await time("decode", decode, { tokens });
  clock.device.destroy();
}

function check(what: string, { data }: HostTensor, expected: HostTensor): void {
  const error = nmse(data, expected.data);
  console.log(`${what}: NMSE ${error.toExponential(1)} to the golden`);
  if (!(error <= 1e-6)) throw new Error(`Cannot time a wrong result: ${what} differs by an NMSE of ${error}`);
}

async function goldenCase(model: string): Promise<Case> {
  const golden = await readGolden(model),
    images = (name: string) => nchwToNhwc(golden.tensor(name) as HostTensor<"f32">);
  const { name, shape } = JSON.parse(golden.metadata.input!);
  return {
    x: nchwToNhwc(f32Tensor(shape, hashed(name, shape))),
    tokens: golden.tensor("tokens") as HostTensor<"u32">,
    z: images("z"),
    reconstruction: images("reconstruction"),
  };
}

function randomCase({ chMult, zChannels }: TokenizerConfig, size: number): Case {
  const x = [1, size, size, 3], side = size / 2 ** (chMult.length - 1), tokens = [1, side, side];
  const words = fastValues(tokens, { scale: 2 ** zChannels / 2, offset: 2 ** zChannels / 2 });
  return { x: f32Tensor(x, fastValues(x)), tokens: u32Tensor(tokens, Uint32Array.from(words)) };
}
