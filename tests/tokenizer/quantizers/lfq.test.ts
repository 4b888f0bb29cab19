import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../../src/backend/wasm/wasm_backend.ts";
import { grad } from "../../../src/autograd/grad.ts";
import { add, constant, input, mul, softplus, total } from "../../../src/graph/build.ts";
import { graphOf } from "../../../src/graph/trace.ts";
import { nchwToNhwc, nhwcToNchw } from "../../../src/image/pixels.ts";
import { codebookEntropy } from "../../../src/tokenizer/quantizers/codebook_entropy.ts";
import { lfq } from "../../../src/tokenizer/quantizers/lfq.ts";
import { f32Tensor, type HostTensor } from "../../../src/tensor/tensor.ts";
import { evaluateWide } from "../../autograd/wide.ts";
import { nmse, readGolden } from "../../golden/golden.ts";
import { hashed } from "../../golden/hashed.ts";
import { hashedWeights } from "../../golden/tokenizer_golden.ts";
import { backends, runOnce } from "../../train/backends.ts";

const test = suite("losses of lookup-free quantization");

for (const name of ["lfq_10", "lfq_18", "lfq_14_saturated"]) {
  for (const [title, open] of backends) {
    test(`${name} on ${title}: values and gradient`, async () => {
      await using backend = open();
      const golden = await readGolden(name);
      const { name: tag, shape, scale } = JSON.parse(golden.metadata.z!);
      const values = nchwToNhwc(f32Tensor(shape, hashed(tag, shape, { scale })));
      const z = input("z", { shape: values.shape, dtype: "f32" });
      const { entropy, commitment, logs } = lfq(shape[1]).losses(z);
      const loss = add(mul(entropy, constant(0.1)), mul(commitment, constant(0.25)));
      const { entropy_loss: entropy_aux_loss, commit_loss: _, ...entropies } = logs;
      const scalars = { ...entropies, entropy_aux_loss: entropy_aux_loss!, commitment };
      assert.is(Object.keys(scalars).length, 4);
      const results = await runOnce(backend, graphOf({ ...scalars, grad_z: grad(loss, [z])[0]! }), {
        z: values,
      });
      for (const key of Object.keys(scalars)) {
        const error = nmse(results[key]!.data, golden.tensor(key).data);
        assert.ok(error <= 1e-6, `${key}: NMSE ${error}`);
      }
      const expected = nchwToNhwc(golden.tensor("grad_z") as HostTensor<"f32">);
      const error = nmse(results.grad_z!.data, expected.data);
      assert.ok(error <= 1e-6, `grad_z: NMSE ${error}`);
    });
  }
}

/** By the sum over all codes: the entropies, and the second one's gradient by each logit 4·z/τ. */
function enumerated(values: Float32Array, bits: number) {
  const positions = values.length / bits, codes = 2 ** bits;
  const logits = Float64Array.from(values, (z) => 4 * z / 0.01);
  const mean = new Float64Array(codes),
    by = new Float64Array(values.length),
    all = new Float64Array(values.length * codes);
  let sample = 0;
  for (let n = 0; n < positions; n++) {
    for (let code = 0; code < codes; code++) {
      let p = 1;
      for (let j = 0; j < bits; j++) {
        p /= 1 + Math.exp(code >> j & 1 ? -logits[n * bits + j]! : logits[n * bits + j]!);
      }
      all[n * codes + code] = p;
      mean[code]! += p / positions;
      if (p > 0) sample -= p * Math.log(p) / positions;
    }
  }
  const codebook = -mean.reduce((sum, q) => sum + q * Math.log(q + 1e-5), 0);
  for (let n = 0; n < positions; n++) {
    for (let code = 0; code < codes; code++) {
      const slope = -(Math.log(mean[code]! + 1e-5) + mean[code]! / (mean[code]! + 1e-5));
      const p = all[n * codes + code]! / positions;
      for (let j = 0; j < bits; j++) {
        const on = 1 / (1 + Math.exp(-logits[n * bits + j]!));
        by[n * bits + j]! += slope * p * (code >> j & 1 ? 1 - on : -on);
      }
    }
  }
  return { sample, codebook, by };
}

for (const [bits, groupBits] of [[1, 10], [3, 10], [11, 10], [7, 3], [8, 3], [11, 4]] as const) {
  test(`${bits} bits in groups of at most ${groupBits} agree with the sum over all codes`, () => {
    const shape = [5, bits], z = input("z", { shape, dtype: "f32" });
    const values = f32Tensor(shape, hashed(`lfq ${bits}`, shape, { scale: 0.01 }));
    const logits = mul(z, constant(4 / 0.01));
    const surprise = { one: softplus(mul(logits, constant(-1))), zero: softplus(logits) };
    const sample = lfq(bits).losses(z).logs.per_sample_entropy!,
      codebook = codebookEntropy(surprise, { groupBits });
    const found = evaluateWide({ sample, codebook, by: grad(codebook, [logits])[0]! }, { z: values });
    const expected = enumerated(values.data, bits);
    // Constants, such as 4/τ and 1/N, are f32 in every graph.
    for (const key of ["sample", "codebook"] as const) {
      const [value] = found[key] as [number], most = 1e-5 * expected[key];
      assert.ok(Math.abs(value - expected[key]) < most, `${key}: ${value}, ${expected[key]}`);
    }
    const error = nmse(found.by, expected.by);
    assert.ok(error < 1e-10, `gradient: NMSE ${error}`);
  });
}

test("codes pass their gradient to the latents; zero is −1", () => {
  const z = input("z", { shape: [4], dtype: "f32" });
  const code = lfq(4).quantize(z), weights = constant(f32Tensor([4], Float32Array.of(1, 2, 3, 4)));
  const outputs = { code, dz: grad(total(mul(code, weights)), [z])[0]! };
  const found = evaluateWide(outputs, { z: f32Tensor([4], Float32Array.of(0, 1e-9, -3, 2)) });
  assert.equal(Array.from(found.code), [-1, 1, -1, 1]);
  assert.equal(Array.from(found.dz), [1, 2, 3, 4]);
});

test("tokens, codes and codes packed on the host agree; 18 bits", async () => {
  const shape = [2, 3, 4, 18], { tokens, codes, pack, codebookSize, channels } = lfq(18);
  assert.equal([codebookSize, channels], [2 ** 18, 18]);
  const z = input("z", { shape, dtype: "f32" }), found = tokens(z);
  await using backend = new WasmBackend({ threads: 1 });
  const values = f32Tensor(shape, hashed("lfq tokens", shape));
  const results = await runOnce(backend, graphOf({ tokens: found, codes: codes(found) }), { z: values });
  assert.equal(results.codes!.data, values.data.map((value) => value > 0 ? 1 : -1));
  assert.equal(pack(nhwcToNchw(results.codes as HostTensor<"f32">)), results.tokens);
});

test("22 bits: the entropy of a few certain codes, and of one that is not", async () => {
  const shape = [4, 22], z = input("z", { shape, dtype: "f32" });
  const values = f32Tensor(shape, hashed("lfq 22", shape).map(Math.sign));
  values.data[3] = 0;
  const { per_sample_entropy, codebook_entropy } = lfq(22).losses(z).logs;
  await using backend = new WasmBackend({ threads: 2, training: trainingKernels });
  const { sample, codebook, dz } = await runOnce(
    backend,
    graphOf({
      sample: per_sample_entropy!,
      codebook: codebook_entropy!,
      dz: grad(codebook_entropy!, [z])[0]!,
    }),
    { z: values },
  );
  const quarters = 3 * -Math.log(0.25 + 1e-5) / 4 - Math.log(0.125 + 1e-5) / 4;
  assert.ok(Math.abs(sample!.data[0]! - Math.LN2 / 4) < 1e-6, `${sample!.data[0]}`);
  assert.ok(Math.abs(codebook!.data[0]! - quarters) < 1e-5, `${codebook!.data[0]}, expected ${quarters}`);
  // Nothing is gained by moving any of the bits: both codes of the open one have the same probability.
  assert.ok(dz!.data.every((slope) => Math.abs(slope) < 1e-4));
});

test("2^18 codes and eight images of 256² need less than 40 MB, gradient included", async () => {
  const z = input("z", { shape: [8, 16, 16, 18], dtype: "f32" });
  const { entropy, commitment } = lfq(18).losses(z);
  const graph = graphOf({ dz: grad(add(entropy, commitment), [z])[0]! });
  const largest = Math.max(...graph.tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
  assert.is(largest, 2048 * 512, "never N·2^18 numbers");
  await using backend = new WasmBackend({ threads: 1, training: trainingKernels });
  await using weights = await backend.load(hashedWeights([]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const { arenaBytes } = program.stats;
  assert.ok(arenaBytes < 40e6, `${arenaBytes / 1e6} MB`);
});

test.run();
