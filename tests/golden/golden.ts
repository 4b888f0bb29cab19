import { parseHeader } from "../../src/io/safetensors/header.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { type HostTensor, f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";

/** A golden file: the configuration that it was made with, and its tensors. */
export interface Golden {
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the tensors. */
  readonly names: readonly string[];
  tensor(name: string): HostTensor;
}

/** Reads `name`.safetensors beside this file. Integers come as u32. */
export async function readGolden(name: string): Promise<Golden> {
  const bytes = await Deno.readFile(new URL(`${name}.safetensors`, import.meta.url));
  const view = new DataView(bytes.buffer);
  const dataStart = 8 + Number(view.getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, dataStart));
  const header = parseHeader(text, { file: name, dataStart, fileBytes: bytes.length });
  return {
    metadata: header.metadata,
    names: [...header.tensors.keys()],
    tensor(name) {
      const { dtype, shape, offset, bytes: length } = header.tensors.get(name)!;
      const data = bytes.slice(offset, offset + length).buffer;
      if (dtype === "f32") return f32Tensor(shape, new Float32Array(data));
      if (dtype === "i32") return u32Tensor(shape, new Uint32Array(data));
      return u32Tensor(shape, Uint32Array.from(new BigInt64Array(data), Number));
    },
  };
}

/** The tokenizer's configuration in a golden's metadata. */
export function tokenizerConfig(golden: Golden): TokenizerConfig {
  const json = JSON.parse(golden.metadata.config!), input = JSON.parse(golden.metadata.input ?? "{}");
  return {
    kind: input.shape?.length === 5 ? "video" : "image",
    ch: json.ch,
    chMult: json.ch_mult,
    numResBlocks: json.num_res_blocks,
    zChannels: json.z_channels,
    inChannels: json.in_channels,
    outChannels: json.out_ch,
  };
}

/** Normalised mean squared error: the squared distance over the squared length of what is expected. */
export function nmse(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0, power = 0;
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    power += expected[i]! ** 2;
  }
  return actual.length === expected.length ? error / (power || 1) : Infinity;
}
