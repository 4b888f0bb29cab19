import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { WeightFormat } from "../../src/backend/backend.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { Transformer } from "../../src/transformer/transformer.ts";
import { type Golden, readGolden } from "../golden/golden.ts";
import { smallModel } from "../support/models.ts";

const test = suite("the emoji transformer");
const parts = ["pre", "post"] as const;

/** The logits of both sub-tokens at every position of the golden's pictures. */
async function evaluate(
  golden: Golden,
  weights: WeightFormat,
): Promise<Record<(typeof parts)[number], Float32Array>> {
  await using transformer = await Transformer.load(`${smallModel}/transformer.safetensors`, {
    weights,
    grid: 8,
  });
  const tokens = (name: string) => golden.tensor(name).data as Uint32Array;
  const { logitsPre, logitsPost } = await transformer.teacherForced({
    classIds: [...tokens("labels")],
    pre: tokens("pre"),
    post: tokens("post"),
  });
  return { pre: logitsPre.data, post: logitsPost.data };
}

function logProbabilities(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b));
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return Float64Array.from(logits, (logit) => logit - largest - Math.log(total));
}

function likeliest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

test("f16 weights: top-1 agrees with f32 at 99.9% of 2,048 positions, KL below 1e-4", async () => {
  const golden = await readGolden("emoji_ar");
  const f32 = await evaluate(golden, "f32"), f16 = await evaluate(golden, "f16");
  for (const [part, words] of [["pre", 64], ["post", 4096]] as const) {
    const positions = f32[part].length / words;
    assert.is(positions, 2048);
    let agree = 0, divergence = 0;
    for (let i = 0; i < positions; i++) {
      const p = logProbabilities(f32[part].subarray(i * words, (i + 1) * words));
      const q = logProbabilities(f16[part].subarray(i * words, (i + 1) * words));
      if (likeliest(p) === likeliest(q)) agree++;
      p.forEach((value, word) => divergence += Math.exp(value) * (value - q[word]!));
    }
    assert.ok(agree / positions >= 0.999, `${part}: ${agree} of ${positions}`);
    assert.ok(divergence / positions <= 1e-4, `${part}: KL ${divergence / positions}`);
  }
});

test("stored q8 weights: top-1 agrees with the original f32 at 99%, KL below 1e-3", async () => {
  const golden = await readGolden("emoji_ar");
  const q8 = await evaluate(golden, "q8");
  for (const [part, words] of [["pre", 64], ["post", 4096]] as const) {
    const likely = golden.tensor(`${part}.words`).data,
      expected = golden.tensor(`${part}.log_probabilities`).data;
    const positions = q8[part].length / words, top = likely.length / positions;
    let agree = 0, divergence = 0;
    for (let i = 0; i < positions; i++) {
      const q = logProbabilities(q8[part].subarray(i * words, (i + 1) * words));
      if (likeliest(q) === likely[i * top]) agree++;
      // The words that the golden does not hold count as one.
      let restP = 1, restQ = 1;
      for (let j = i * top; j < (i + 1) * top; j++) {
        const p = Math.exp(expected[j]!);
        divergence += p * (expected[j]! - q[likely[j]!]!);
        restP -= p;
        restQ -= Math.exp(q[likely[j]!]!);
      }
      if (restP > 1e-6 && restQ > 0) divergence += restP * Math.log(restP / restQ);
    }
    assert.ok(agree / positions >= 0.99, `${part}: ${agree} of ${positions}`);
    assert.ok(divergence / positions <= 1e-3, `${part}: KL ${divergence / positions}`);
    assert.ok(divergence / positions >= 0, `${part}: KL ${divergence / positions}`);
  }
});

test("a class is drawn by its name", async () => {
  await using generator = await Generator.load(smallModel);
  assert.equal([generator.size, generator.config.grid, generator.classNames?.length], [32, 8, 9]);
  const [picture] = await generator.generate({ classIds: "food & drink", seed: 42 });
  assert.equal([picture!.classId, picture!.image.width, picture!.image.height], [3, 32, 32]);
  // Emoji stand on white: a picture drawn by these weights has white corners.
  const { data } = picture!.image;
  assert.ok([0, 1, 2].every((channel) => data[channel]! > 230), `${data.subarray(0, 3)}`);
  const [again] = await generator.generate({ classIds: 3, seed: 42 });
  assert.equal(again, picture);
});

test.run();
