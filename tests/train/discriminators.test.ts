import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../src/autograd/grad.ts";
import { broadcastTo, constant, input, mul, sqrt, total } from "../../src/graph/build.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { graphOf, tensorsOf } from "../../src/graph/trace.ts";
import { Scope } from "../../src/nn/scope.ts";
import { type Statistics, updateStatistics } from "../../src/nn/batch_norm.ts";
import { blurGan } from "../../src/train/blur_gan.ts";
import { meanOf } from "../../src/train/losses/adversarial.ts";
import { patchGan } from "../../src/networks/patch_gan.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { type Golden, nmse, readGolden } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { channelsFirst } from "../../src/tokenizer/tensors.ts";
import { channelsLast } from "../golden/tokenizer_golden.ts";
import { backends, runOnce } from "./backends.ts";

const test = suite("discriminators");

/** Images or films. */
function inputOf(golden: Golden): HostTensor<"f32"> {
  const shape = JSON.parse(golden.metadata.shape!);
  return channelsLast(f32Tensor(shape, hashed(golden.metadata.input!, shape)));
}

/** The gradients of the mean logit: by x and by each parameter, and the norms of these. */
function gradientsOf(logits: Tensor, x: Tensor, prefix: string): Record<string, Tensor> {
  const loss = meanOf(logits);
  const params = tensorsOf(graphOf({ logits }), "param") as (Tensor & { op: "param" })[];
  const [dx, ...gradients] = grad(loss, [x, ...params]);
  const all = params.flatMap(({ attrs: { name } }, i) => {
    const gradient = gradients[i]!, path = name.slice(prefix.length);
    return [[`grad.${path}`, gradient], [`grad_norm.${path}`, sqrt(total(mul(gradient, gradient)))]] as const;
  });
  return { grad_x: dx!, ...Object.fromEntries(all) };
}

/** Holds what the golden has against results, in which channels are the last axis. */
function check(golden: Golden, results: Record<string, HostTensor>): void {
  for (const stored of golden.names) {
    // Of a film's gradient every seventh value is stored, in the order that channels come first.
    const [name, step] = stored === "grad_x_sample" ? ["grad_x", 7] : [stored, 1];
    const found = results[name]! as HostTensor<"f32">, expected = golden.tensor(stored) as HostTensor<"f32">;
    const isMap = found.shape.length >= 4 && !name.startsWith("grad.");
    const actual = (isMap ? channelsFirst(found) : found).data.filter((_, i) => i % step === 0);
    const error = nmse(actual, expected.data);
    // A convolution's bias before a norm has no gradient at all: both sides are rounding.
    const nothing = Math.max(...[actual, expected.data].map((values) => Math.hypot(...values))) < 1e-6;
    assert.ok(error <= 1e-6 || nothing, `${stored}: NMSE ${error}`);
  }
}

for (const [title, open] of backends) {
  for (const name of ["patchgan", "patchgan3d", "patchgan3d_two_clips"]) {
    test(`${name} on ${title}: logits, gradients, running statistics`, async () => {
      await using backend = open();
      const golden = await readGolden(name), values = inputOf(golden), { prefix } = golden.metadata;
      const x = input("x", { shape: values.shape, dtype: "f32" }), scope = new Scope(prefix!.slice(0, -1));
      const config = { ndf: Number(golden.metadata.ndf ?? 32), layers: 3 };
      const { logits, batches } = patchGan(scope, x, config);
      const fresh = (channels: number): Statistics => ({
        mean: broadcastTo(constant(0), [channels]),
        variance: broadcastTo(constant(1), [channels]),
      });
      const running = new Map(
        [...batches].map(([path, batch]) => [path, updateStatistics(fresh(batch.mean.shape[0]!), batch)]),
      );
      const buffers = [...running].flatMap(([path, { mean, variance }]) => {
        const name = `buffer.${path.slice(prefix!.length)}`;
        return [[`${name}.running_mean`, mean], [`${name}.running_var`, variance]] as const;
      });
      const outputs = {
        logits_train: logits,
        logits_eval_after: patchGan(scope, x, { ...config, running }).logits,
        ...gradientsOf(logits, x, prefix!),
        ...Object.fromEntries(buffers),
      };
      check(golden, await runOnce(backend, graphOf(outputs), { x: values }));
    });
  }

  test(`blurgan on ${title}: logits and gradients`, async () => {
    await using backend = open();
    const golden = await readGolden("blurgan"), values = inputOf(golden), { prefix } = golden.metadata;
    const x = input("x", { shape: values.shape, dtype: "f32" });
    const logits = blurGan(new Scope(prefix!.slice(0, -1)), x, { channels: 32, stages: 3 });
    const outputs = { logits_train: logits, logits_eval_after: logits, ...gradientsOf(logits, x, prefix!) };
    check(golden, await runOnce(backend, graphOf(outputs), { x: values }));
  });
}

test.run();
