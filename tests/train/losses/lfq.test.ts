import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../../src/autograd/grad.ts";
import { add, constant, input, mul } from "../../../src/graph/build.ts";
import { total } from "../../../src/graph/build_training.ts";
import { graphOf } from "../../../src/graph/trace.ts";
import { nchwToNhwc } from "../../../src/image/pixels.ts";
import { lfqLosses, quantize } from "../../../src/train/losses/lfq.ts";
import { ArgumentError } from "../../../src/tensor/errors.ts";
import { f32Tensor, type HostTensor } from "../../../src/tensor/tensor.ts";
import { evaluateWide } from "../../autograd/wide.ts";
import { nmse, readGolden } from "../../golden/golden.ts";
import { hashed } from "../../golden/hashed.ts";
import { backends, runOnce } from "../backends.ts";

const test = suite("losses of lookup-free quantization");

for (const name of ["lfq_10", "lfq_18", "lfq_14_saturated"]) {
  for (const [title, open] of backends) {
    test(`${name} on ${title}: values and gradient`, async () => {
      await using backend = open();
      const golden = await readGolden(name);
      const { name: tag, shape, scale } = JSON.parse(golden.metadata.z!);
      const values = nchwToNhwc(f32Tensor(shape, hashed(tag, shape, { scale })));
      const z = input("z", { shape: values.shape, dtype: "f32" });
      const losses = lfqLosses(z);
      const loss = add(mul(losses.entropyLoss, constant(0.1)), mul(losses.commitment, constant(0.25)));
      const { entropyLoss: entropy_aux_loss, commitment } = losses;
      const { perSampleEntropy: per_sample_entropy, codebookEntropy: codebook_entropy } = losses;
      const scalars = { per_sample_entropy, codebook_entropy, entropy_aux_loss, commitment };
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

test("one group and two agree with the sum over all codes", () => {
  for (const bits of [1, 3, 11]) {
    const shape = [5, bits], z = input("z", { shape, dtype: "f32" });
    const values = f32Tensor(shape, hashed(`lfq ${bits}`, shape, { scale: 0.01 }));
    const { perSampleEntropy: sample, codebookEntropy: codebook } = lfqLosses(z);
    const found = evaluateWide({ sample, codebook }, { z: values });
    const mean = new Float64Array(2 ** bits);
    let entropy = 0;
    for (let n = 0; n < 5; n++) {
      const logits = Array.from(mean, (_, code) => {
        let product = 0;
        for (let j = 0; j < bits; j++) product += values.data[n * bits + j]! * (code >> j & 1 ? 1 : -1);
        return 2 * product / 0.01;
      });
      const sum = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
      logits.forEach((logit, code) => {
        const p = Math.exp(logit) / sum;
        mean[code]! += p / 5;
        entropy -= p * Math.log(p) / 5;
      });
    }
    const codes = -mean.reduce((sum, q) => sum + q * Math.log(q + 1e-5), 0);
    // Constants, such as 4/τ and 1/N, are f32 in every graph.
    assert.ok(
      Math.abs(found.sample[0]! - entropy) < 1e-5 * entropy,
      `${bits} bits: ${found.sample[0]}, ${entropy}`,
    );
    assert.ok(
      Math.abs(found.codebook[0]! - codes) < 1e-5 * codes,
      `${bits} bits: ${found.codebook[0]}, ${codes}`,
    );
  }
});

test("codes pass their gradient to the latents; zero is −1", () => {
  const z = input("z", { shape: [4], dtype: "f32" });
  const code = quantize(z), weights = constant(f32Tensor([4], Float32Array.of(1, 2, 3, 4)));
  const outputs = { code, dz: grad(total(mul(code, weights)), [z])[0]! };
  const found = evaluateWide(outputs, { z: f32Tensor([4], Float32Array.of(0, 1e-9, -3, 2)) });
  assert.equal(Array.from(found.code), [-1, 1, -1, 1]);
  assert.equal(Array.from(found.dz), [1, 2, 3, 4]);
});

test("more bits than can be summed over are refused, and 18 never need N·2^18 numbers", () => {
  const z = (bits: number) => input("z", { shape: [8, 16, 16, bits], dtype: "f32" });
  assert.throws(() => lfqLosses(z(21)), (error: unknown) => error instanceof ArgumentError);
  const latents = z(18), losses = lfqLosses(latents);
  const graph = graphOf({ dz: grad(add(losses.entropyLoss, losses.commitment), [latents])[0]! });
  const largest = Math.max(...graph.tensors.map(({ shape }) => shape.reduce((a, b) => a * b, 1)));
  assert.is(largest, 2048 * 512);
});

test.run();
