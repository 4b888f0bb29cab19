import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { planLayout } from "../../src/backend/wasm/layout.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import {
  add,
  apply,
  constant,
  crossEntropy,
  dropout,
  input,
  mul,
  rmsNorm,
  rope,
  silu,
  swiglu,
} from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { nmse } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { runOnce } from "../train/backends.ts";

const test = suite("results in the place of inputs that end with them");

const shape = [65, 96], eps = 1e-5;
const x = input("x", { shape, dtype: "f32" }), other = input("other", { shape, dtype: "f32" });
const [w, table] = ["w", "table"].map((name, i) => input(name, { shape: i ? [65, 16] : [96], dtype: "f32" }));
const places = constant(u32Tensor([65], Uint32Array.from({ length: 65 }, (_, i) => i)));
const random = input("random", { shape: [4], dtype: "u32" });

/** A value that nothing else reads, for an op to write over. */
const fresh = (factor: number): Tensor => mul(x, constant(factor));
const logits = fresh(3), loss = crossEntropy(logits, places);

/** Each op on values that end with it. */
const results: Record<string, Tensor> = {
  add: add(fresh(2), other),
  added: add(other, fresh(2)),
  silu: silu(fresh(3)),
  swiglu: swiglu(fresh(4), other),
  rmsNorm: rmsNorm(fresh(5), { weight: w!, eps }),
  rope: rope(fresh(6), { table: table!, position: places, heads: 2 }),
  dropout: dropout(fresh(7), { random, rate: 0.5, site: 1 }),
  swigluGrad: apply("swiglu_grad", { gate: other, up: x, dy: fresh(8) }, {}),
  rmsNormGrad: apply("rms_norm_grad", { x: other, weight: w!, dy: fresh(9) }, { eps }),
  crossEntropyGrad: apply("cross_entropy_grad", { logits, target: places, loss, dy: loss }, {}),
};

test("they are what they would be elsewhere, with any number of threads", async () => {
  const inputs = {
    x: f32Tensor(shape, hashed("x", shape)),
    other: f32Tensor(shape, hashed("other", shape)),
    w: f32Tensor([96], hashed("w", [96])),
    table: f32Tensor([65, 16], hashed("table", [65, 16])),
    random: u32Tensor([4], Uint32Array.of(1, 2, 3, 4)),
  };
  await using reference = new ReferenceBackend();
  for (const threads of [1, 2]) {
    await using backend = new WasmBackend({ threads, training: trainingKernels });
    for (const [name, y] of Object.entries(results)) {
      const graph = graphOf({ y });
      const used = Object.fromEntries(
        Object.entries(inputs).filter(([name]) =>
          graph.tensors.some((tensor) => tensor.op === "input" && tensor.attrs.name === name)
        ),
      );
      const { buffers } = planLayout(graph, { training: trainingKernels });
      const reads = Object.values(y.inputs as Record<string, Tensor>);
      const taken = reads.some((read) => buffers.has(read) && buffers.get(read) === buffers.get(y));
      assert.ok(taken, `${name} takes no input's place`);
      const [found, expected] = [await runOnce(backend, graph, used), await runOnce(reference, graph, used)];
      const error = nmse(found.y!.data, expected.y!.data);
      assert.ok(error <= 1e-10, `${name}: NMSE ${error}`);
    }
  }
});

test("a value that is read again, or twice by one op, stays", () => {
  const twice = fresh(2), square = mul(twice, twice), kept = fresh(3), sum = add(kept, other);
  const { buffers } = planLayout(graphOf({ square, sum, product: mul(kept, sum) }));
  assert.is.not(buffers.get(square), buffers.get(twice));
  assert.is.not(buffers.get(sum), buffers.get(kept));
});

test.run();
