import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { WeightFormat } from "../../src/backend/backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { readImage } from "../../src/image/read.ts";
import { subTokens, teacherForcedGraph } from "../../src/networks/transformer/network.ts";
import { subTokensOf } from "../../src/networks/transformer/sub_tokens.ts";
import { u32Tensor } from "../../src/tensor/tensor.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Transformer } from "../../src/transformer/transformer.ts";
import { readGolden } from "../golden/golden.ts";
import { goldenConfig, hashedTransformer } from "../golden/transformer_golden.ts";
import { shippedModel, shippedSample } from "../support/models.ts";

const test = suite("formats of a transformer's weights");

type Part = (typeof subTokens)[number];
type Logits = Record<Part, Float32Array>;

const names = ["ring", "parrot", "butter", "bicycle", "honey-pot", "maple-leaf", "cold-face", "pilot"];

/** Evaluates the shipped transformer at every position of eight sample images. */
async function evaluateShipped(
  formats: readonly WeightFormat[],
): Promise<{ bits: readonly [number, number]; all: readonly Logits[] }> {
  await using tokenizer = await Tokenizer.load(shippedModel);
  const images = await Promise.all(names.map((name) => readImage(shippedSample(name))));
  const encoded = await tokenizer.encode(images);
  const tokens = Uint32Array.from(encoded.flatMap(({ data }) => [...data]));
  const all: Logits[] = [];
  let bits: readonly [number, number] = [0, 0];
  for (const weights of formats) {
    await using transformer = await Transformer.load(`${shippedModel}/transformer.safetensors`, { weights });
    const { pre, post } = subTokensOf(
      u32Tensor([names.length, tokens.length / names.length], tokens),
      transformer.config.bits,
    );
    bits = transformer.config.bits;
    const classIds = names.map((_, i) => i % transformer.config.classes);
    const { logitsPre, logitsPost } = await transformer.teacherForced({
      classIds,
      pre: pre.data,
      post: post.data,
    });
    all.push({ pre: logitsPre.data, post: logitsPost.data });
  }
  return { bits, all };
}

/** Evaluates a transformer of hashed weights that are rounded to a format, on the tokens of a golden. */
async function evaluateGolden(name: string, format: WeightFormat): Promise<readonly [Logits, Logits]> {
  const golden = await readGolden(name), config = goldenConfig(golden);
  const labels = golden.tensor("labels").data as Uint32Array, n = labels.length;
  const expected = { pre: golden.tensor("teacher.logits_pre"), post: golden.tensor("teacher.logits_post") };
  const positions = expected.pre.shape[1]!;
  const graph = teacherForcedGraph(config, { n, positions });
  const tokens = (part: Part) => {
    const { shape, data } = golden.tensor(part);
    const rows = Array.from(
      { length: n },
      (_, i) => [...data.subarray(i * shape[1]!, i * shape[1]! + positions)],
    );
    return u32Tensor([n, positions], Uint32Array.from(rows.flat()));
  };
  await using backend = new WasmBackend({ threads: 2 });
  await using weights = await backend.load(hashedTransformer([graph]), { graphs: [graph], format });
  await using program = await backend.compile(graph, weights);
  const logits = await program.run({
    classes: u32Tensor([n], labels),
    pre: tokens("pre"),
    post: tokens("post"),
  });
  return [
    { pre: expected.pre.data as Float32Array, post: expected.post.data as Float32Array },
    { pre: logits.logits_pre!.data as Float32Array, post: logits.logits_post!.data as Float32Array },
  ];
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

/** Compares two evaluations: the share of positions whose likeliest sub-token agrees, and the mean KL divergence. */
function compare(expected: Float32Array, found: Float32Array, vocabSize: number) {
  const positions = expected.length / vocabSize;
  let agree = 0, divergence = 0;
  for (let i = 0; i < positions; i++) {
    const p = logProbabilities(expected.subarray(i * vocabSize, (i + 1) * vocabSize));
    const q = logProbabilities(found.subarray(i * vocabSize, (i + 1) * vocabSize));
    if (likeliest(p) === likeliest(q)) agree++;
    p.forEach((value, word) => divergence += Math.exp(value) * (value - q[word]!));
  }
  return { agreement: agree / positions, divergence: divergence / positions };
}

/** Checks that an evaluation is close to the expected one. */
function checkClose(
  [expected, found]: readonly [Logits, Logits],
  { bits, agreement, divergence }: { bits: readonly [number, number]; agreement: number; divergence: number },
): void {
  subTokens.forEach((part, i) => {
    const actual = compare(expected[part], found[part], 2 ** bits[i]!);
    assert.ok(actual.agreement >= agreement, `${part}: ${actual.agreement} of the positions agree`);
    assert.ok(Math.abs(actual.divergence) <= divergence, `${part}: KL ${actual.divergence}`);
  });
}

test("f16 and q8 agree with f32 at 99.9% of 2,048 positions of the shipped transformer", async () => {
  const { bits, all: [f32, f16, q8] } = await evaluateShipped(["f32", "f16", "q8"]);
  assert.is(f32!.pre.length, 2048 * 2 ** bits[0]);
  checkClose([f32!, f16!], { bits, agreement: 0.999, divergence: 1e-4 });
  // The weights are stored in q8, so that both evaluations read the same values.
  checkClose([f32!, q8!], { bits, agreement: 0.999, divergence: 1e-6 });
});

for (const name of ["ar_small", "ar_256_B"]) {
  test(`${name}, rounded to q8, agrees with PyTorch's f32: KL below 1e-3`, async () => {
    const { bits } = goldenConfig(await readGolden(name));
    checkClose(await evaluateGolden(name, "q8"), { bits, agreement: 0.98, divergence: 1e-3 });
  });
}

test.run();
