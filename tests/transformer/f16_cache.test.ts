import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { subTokens } from "../../src/networks/transformer/network.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { goldenConfig, hashedTransformer } from "../golden/transformer_golden.ts";

const test = suite("keys and values as f16");

/** The logits after some given tokens. */
async function lastLogits(backend: Backend, f16: boolean): Promise<HostTensor> {
  const config = goldenConfig(await readGolden("ar_tiny"));
  const graph = stepGraph(config, { n: 1, guided: false, logits: true, f16Cache: f16 });
  await using weights = await backend.load(hashedTransformer([graph]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const settings = Object.fromEntries(subTokens.flatMap((name) => [
    [`temperature_${name}`, f32Tensor([1])],
    [`top_k_${name}`, u32Tensor([1])],
    [`top_p_${name}`, f32Tensor([1], Float32Array.of(1))],
  ]));
  let logits: HostTensor | undefined;
  for (let position = 0; position < config.grid ** 2; position++) {
    const token = (bits: number) => u32Tensor([1], Uint32Array.of((37 * position) % 2 ** bits));
    const outputs = await program.run({
      classes: u32Tensor([1]),
      position: u32Tensor([1], Uint32Array.of(position)),
      pre: token(config.bits[0]),
      post: token(config.bits[1]),
      key: u32Tensor([1, 2]),
      counter: u32Tensor([1, 4]),
      ...settings,
    });
    logits = outputs.logits_post;
  }
  return logits!;
}

test("they change logits by no more than their rounding, and on each backend alike", async () => {
  await using wasm = new WasmBackend({ threads: 2 });
  await using reference = new ReferenceBackend();
  const exact = await lastLogits(wasm, false), rounded = await lastLogits(wasm, true);
  const error = nmse(rounded.data, exact.data);
  assert.ok(error > 0 && error < 1e-6, `NMSE ${error}`);
  const expected = await lastLogits(reference, true);
  // A value on the edge between two f16 may fall to either side.
  assert.ok(nmse(rounded.data, expected.data) < 1e-7, `NMSE ${nmse(rounded.data, expected.data)}`);
});

test.run();
