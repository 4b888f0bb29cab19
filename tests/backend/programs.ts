import type { Backend, Program, Weights } from "../../src/backend/backend.ts";
import { conv2d, param } from "../../src/graph/build.ts";
import { type Graph, trace } from "../../src/graph/trace.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { hashed } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

/** `count` convolutions in a row over a map of `size`×`size` and `channels` channels. */
export function convolutions(count: number, { size, channels }: { size: number; channels: number }): Graph {
  return trace({ x: { shape: [1, size, size, channels], dtype: "f32" } }, ({ x }) => {
    let h = x!;
    for (let i = 0; i < count; i++) {
      const weight = param(`conv${channels}.weight`, [channels, channels, 3, 3]);
      h = conv2d(h, { weight, stride: 1, padding: 1 });
    }
    return { y: h };
  });
}

/** Done in well under a millisecond. */
export const shortGraph: Graph = convolutions(2, { size: 6, channels: 8 });
/** Convolutions of the long program. */
export const longConvolutions = 160;
/** Takes about a tenth of a second. */
export const longGraph: Graph = convolutions(longConvolutions, { size: 64, channels: 32 });

/** Loads the weights of `graphs` and compiles them. */
export async function compileAll(
  backend: Backend,
  graphs: readonly Graph[],
): Promise<{ weights: Weights; programs: Program[] }> {
  const weights = await backend.load(hashedWeights(graphs), { graphs });
  return { weights, programs: await Promise.all(graphs.map((graph) => backend.compile(graph, weights))) };
}

/** An input for a graph of `convolutions`, different for each `seed`. */
export function inputOf(graph: Graph, seed = 0): { x: HostTensor } {
  const { shape } = graph.tensors.find(({ op }) => op === "input")!;
  return { x: f32Tensor(shape, hashed(`input ${seed}`, shape)) };
}
