import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../src/autograd/grad.ts";
import { add } from "../../src/graph/build.ts";
import { graphOf, tensorsOf } from "../../src/graph/trace.ts";
import { tokenLoss } from "../../src/train/losses/next_token.ts";
import { adam, adamStep } from "../../src/train/optimizer/adam.ts";
import { clipGradients } from "../../src/train/optimizer/clip.ts";
import { trainable } from "../../src/train/parameters.ts";
import { teacherForcedGraph } from "../../src/transformer/programs.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";
import { backends } from "./backends.ts";

const test = suite("training steps");

const rate = 3e-4, betas = { beta1: 0.9, beta2: 0.95 };

for (const [title, open] of backends) {
  test(`train_ar on ${title}: six steps`, async () => {
    await using backend = open();
    const golden = await readGolden("train_ar");
    const json = JSON.parse(golden.metadata.config!);
    const config = {
      dim: json.dim,
      heads: json.n_head,
      layers: json.spatial_n_layer,
      factorizedLayers: json.factorized_n_layer,
      hidden: 256,
      bits: json.factorized_bits,
      grid: 4,
      classes: json.class_num,
    };
    const forward = teacherForcedGraph(config, { n: 4 });
    const given = Object.fromEntries(
      tensorsOf(forward, "input").map((tensor) => [tensor.attrs.name, tensor]),
    );
    const { outputs, parameters } = trainable({
      pre: tokenLoss(forward.outputs.logits_pre!, given.pre!),
      post: tokenLoss(forward.outputs.logits_post!, given.post!),
    });
    const states = [...parameters.values()];
    const { gradients, norm } = clipGradients(grad(add(outputs.pre, outputs.post), states), 1);
    const updates = adam(
      states.map((parameter, i) => ({
        parameter,
        gradient: gradients[i]!,
        decay: parameter.shape.length >= 2 ? 0.05 : 0,
      })),
      betas,
    );
    const graph = graphOf(
      { loss_pre: outputs.pre, loss_post: outputs.post, grad_norm: norm },
      updates.flatMap(({ effects }) => effects),
    );
    await using weights = await backend.load(hashedWeights([]), { graphs: [graph] });
    await using program = await backend.compile(graph, weights);
    const plain = (name: string) => name.replace("transformer.", "");
    for (const [name, { shape }] of parameters) {
      await program.states!.write(name, f32Tensor(shape, hashedWeight(plain(name), shape)));
    }
    const tokens = (part: string, step: number, codes: number) => {
      const values = hashed(`train_ar.${part}${step}`, [4, 16]);
      return u32Tensor([4, 16], Uint32Array.from(values, (u) => Math.floor((u * 0.5 + 0.5) * codes)));
    };
    const log = JSON.parse(golden.metadata.log!) as Record<string, number>[];
    for (const [step, expected] of log.entries()) {
      const results = await program.run({
        classes: u32Tensor([4], Uint32Array.from(JSON.parse(golden.metadata.labels!))),
        pre: tokens("pre", step, 7),
        post: tokens("post", step, 15),
        ...adamStep({ step: step + 1, rate }, betas),
      });
      for (const [key, value] of Object.entries(expected)) {
        const found = results[key]!.data[0]!;
        assert.ok(Math.abs(found / value - 1) <= 1e-3, `step ${step}, ${key}: ${found}, expected ${value}`);
      }
    }
    const finals = golden.names.filter((name) => name.startsWith("final."));
    assert.is(finals.length, 15);
    for (const name of finals) {
      const { data } = await program.states!.read(`transformer.${name.slice("final.".length)}`);
      const error = nmse(data, golden.tensor(name).data);
      assert.ok(error <= 1e-6, `${name}: NMSE ${error}`);
    }
  });
}

test.run();
