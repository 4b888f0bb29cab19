import * as assert from "uvu/assert";
import type { Backend, WeightSource } from "../../src/backend/backend.ts";
import { tensorsOf, type Graph } from "../../src/graph/trace.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { free } from "../../src/tensor/free.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import type { TokenizerModel } from "../../src/models/tokenizer_weights.ts";
import { type Golden, nmse, readGolden, tokenizerConfig } from "./golden.ts";
import { hashed, hashedWeight } from "./hashed.ts";

/** Weights computed from the names that `graphs` ask for. */
export function hashedWeights(graphs: readonly Graph[]): WeightSource {
  const params = graphs.flatMap((graph) => tensorsOf(graph, "param"));
  const shapes = new Map(params.map(({ attrs }) => [attrs.name, attrs.shape]));
  return { shapes, read: (name) => Promise.resolve(hashedWeight(name, shapes.get(name)!)), release: free };
}

/** The model that `golden` was made with. */
export function hashedModel(golden: Golden): TokenizerModel {
  const config = tokenizerConfig(golden);
  const extent = { n: 1, height: 64, width: 64 };
  return { config, source: hashedWeights([encodeGraph(config, extent), decodeGraph(config, extent)]) };
}

/** Encodes and decodes as the golden `name` did, and holds latents, tokens and reconstruction against it. */
export async function checkTokenizerGolden(backend: Backend, name: string): Promise<void> {
  const golden = await readGolden(name);
  const config = tokenizerConfig(golden);
  const source = JSON.parse(golden.metadata.input!) as { name: string; shape: number[] };
  const [height, width] = source.shape.slice(-2) as [number, number];
  const extent = { n: source.shape[0]!, frames: source.shape.length === 5 ? source.shape[2] : undefined, height, width };
  const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)] as const;
  await using weights = await backend.load(hashedWeights(graphs), { graphs });

  await using encode = await backend.compile(graphs[0], weights);
  const x = channelsLast(f32Tensor(source.shape, hashed(source.name, source.shape)));
  const { z, tokens } = await encode.run({ x });
  const expected = channelsLast(golden.tensor("z") as HostTensor<"f32">);
  assert.ok(nmse(z!.data, expected.data) <= 1e-6, `${name}: NMSE of z ${nmse(z!.data, expected.data)}`);

  const wanted = golden.tensor("tokens");
  const bits = config.zChannels;
  for (let i = 0; i < expected.data.length; i++) {
    if (Math.abs(expected.data[i]!) <= 1e-3) continue;
    const at = Math.floor(i / bits), bit = i % bits;
    assert.is((tokens!.data[at]! >>> bit) & 1, (wanted.data[at]! >>> bit) & 1, `${name}: bit ${bit} of token ${at}`);
  }

  await using decode = await backend.compile(graphs[1], weights);
  const decoded = await decode.run({ tokens: u32Tensor(wanted.shape, wanted.data as Uint32Array) });
  const image = channelsLast(golden.tensor("reconstruction") as HostTensor<"f32">);
  const error = nmse(decoded.x!.data, image.data);
  assert.ok(error <= 1e-6, `${name}: NMSE of the reconstruction ${error}`);
}

/** `[N,C,…]` → `[N,…,C]`. */
export function channelsLast({ shape, data }: HostTensor<"f32">): HostTensor<"f32"> {
  const [n, channels, ...axes] = shape as [number, number, ...number[]];
  const positions = axes.reduce((product, length) => product * length, 1);
  const moved = f32Tensor([n, ...axes, channels]);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < channels; c++) {
      for (let at = 0; at < positions; at++) {
        moved.data[(i * positions + at) * channels + c] = data[(i * channels + c) * positions + at]!;
      }
    }
  }
  return moved;
}

/** Frames `[1,C,count,H,W]` of a film `[1,C,T,H,W]`. */
export function framesOf({ shape, data }: HostTensor<"f32">, from: number, count: number): HostTensor<"f32"> {
  const [, channels, frames, height, width] = shape as [number, number, number, number, number];
  const plane = height * width, taken = f32Tensor([1, channels, count, height, width]);
  for (let c = 0; c < channels; c++) {
    const at = (c * frames + from) * plane;
    taken.data.set(data.subarray(at, at + count * plane), c * count * plane);
  }
  return taken;
}
