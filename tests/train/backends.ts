import type { Backend, WeightSource } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import type { Graph } from "../../src/graph/trace.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

/** The backends that train, by name. */
export const backends: readonly (readonly [string, () => Backend])[] = [
  ["the reference", () => new ReferenceBackend()],
  ["WASM", () => new WasmBackend({ threads: 2, training: trainingKernels })],
];

/** Loads the weights, from their names if no others are given, and runs `graph` once. */
export async function runOnce(
  backend: Backend,
  graph: Graph,
  inputs: Readonly<Record<string, HostTensor>>,
  source: WeightSource = hashedWeights([graph]),
): Promise<Record<string, HostTensor>> {
  await using weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  return await program.run(inputs);
}
