import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError, BackendError } from "../../src/tensor/errors.ts";
import type { GeneratedImage } from "../../src/transformer/generated_image.ts";
import type { Generator } from "../../src/transformer/generator.ts";
import type { GeneratorModel } from "../../src/transformer/generator_model.ts";
import { Generator as GeneratorClass } from "../../src/transformer/generator.ts";
import type { Generation } from "../../src/transformer/generation.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import type { TokenizerModel } from "../../src/models/tokenizer_weights.ts";
import { TransformerEngine } from "../../src/transformer/engine.ts";
import { u32Tensor } from "../../src/tensor/tensor.ts";
import type { GenerateOptions } from "../../src/transformer/request.ts";
import { tinyGenerator, tinyModel, tinyTokenizer } from "./tiny.ts";

const test = suite("generator");

const settings = {
  seed: 2 ** 40 + 7,
  guidance: [2, 3],
  temperature: [1.1, 0.9],
  topK: [0, 12],
  topP: [0.9, 1],
} as const;
const request: GenerateOptions = { classIds: [3, 7, "ring", "Golden_Retriever"], n: 2, ...settings };

let generator: Generator;
let eight: GeneratedImage[];

test.before(async () => {
  generator = await tinyGenerator({ threads: 2 });
  eight = await generator.generate(request);
});
test.after(() => generator[Symbol.asyncDispose]());

test("generates n images of each class, each with its tokens and its number", () => {
  assert.equal(eight.map(({ classId }) => classId), [3, 3, 7, 7, 3, 3, 2, 2]);
  assert.equal(eight.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.is(eight[6]!.className, "golden retriever");
  for (const { tokens, image } of eight) {
    assert.equal([tokens.grid, tokens.codebookSize, image.width, image.height], [[4, 4], 2 ** 7, 8, 8]);
    assert.ok(tokens.data.every((token) => token < 128));
  }
  // The same class with another number is another image.
  assert.not.equal([...eight[0]!.tokens.data], [...eight[1]!.tokens.data]);
});

test("eight at once are eight alone", async () => {
  for (const { classId, index, tokens, image } of eight) {
    const [alone] = await generator.generate({ classIds: classId, first: index, ...settings });
    assert.equal([...alone!.tokens.data], [...tokens.data], `image ${index}`);
    assert.equal(alone!.image, image, `image ${index}`);
  }
});

for (const weights of ["f32", "f16", "q8", "q4"] as const) {
  test(`threads change nothing, nor does the number of images at once: ${weights}`, async () => {
    const generated: string[] = [];
    for (const threads of [1, 2, 4]) {
      await using other = await tinyGenerator({ threads, weights });
      const all = await other.generate({ ...request, candidates: 2 });
      const three = await other.generate({ classIds: [7, 7, 3], first: 2, candidates: 2, ...settings });
      const key = (images: readonly GeneratedImage[]) =>
        images.map(({ tokens }) => tokens.data.join()).join(" ");
      assert.is(key(three), key(all.slice(2, 5)));
      generated.push(key(all));
    }
    assert.is(generated[1], generated[0]);
    assert.is(generated[2], generated[0]);
  });
}

test("the reference backend generates the same from f32 weights", async () => {
  await using reference = await tinyGenerator({ backend: "reference", weights: "f32" });
  await using wasm = await tinyGenerator({ weights: "f32" });
  const some = { classIds: [1, 2], ...settings };
  const [expected, actual] = [await reference.generate(some), await wasm.generate(some)];
  assert.equal(actual.map(({ tokens }) => tokens), expected.map(({ tokens }) => tokens));
});

test("another seed generates another image, without guidance, too", async () => {
  const generated = new Set<string>();
  for (const seed of [1, 2, 2 ** 32 + 1]) {
    for (const guidance of [0, 4]) {
      const [image] = await generator.generate({ classIds: 5, seed, guidance });
      generated.add(image!.tokens.data.join());
    }
  }
  assert.is(generated.size, 6);
});

test("greedy generates the same with any seed, and so does temperature 0", async () => {
  const generated = [];
  for (const how of [{ greedy: true, seed: 1 }, { greedy: true, seed: 2 }, { temperature: 0, seed: 3 }]) {
    generated.push((await generator.generate({ classIds: 4, ...how }))[0]!.tokens.data.join());
  }
  assert.equal(generated, [generated[0], generated[0], generated[0]]);
});

test("linear guidance ends at the constant's and begins with none", async () => {
  const generate = async (how: object) =>
    (await generator.generate({ classIds: 4, greedy: true, ...how }))[0]!.tokens.data;
  const linear = await generate({ guidance: 6, guidanceSchedule: "linear" });
  // At the first token the scale is 1, which is the class's own logits.
  assert.is(linear[0], (await generate({ guidance: 1 }))[0]);
  assert.not.equal([...linear], [...await generate({ guidance: 6 })]);
});

test("streams every token, partial images, and the finished ones", async () => {
  const steps = await Array.fromAsync(generator.stream({ ...request, everyRows: 2 }));
  assert.equal(steps.map(({ generated }) => generated), Array.from({ length: 16 }, (_, i) => i + 1));
  const partial = steps.filter((step) => step.partial);
  assert.equal(partial.map(({ generated }) => generated), [8]);
  const { width, data } = partial[0]!.partial![3]!;
  assert.ok(data.subarray(4 * width * 3).every((value) => value === 128), "grey below");
  assert.not.ok(data.subarray(0, 4 * width * 3).every((value) => value === 128), "generated above");
  assert.equal(steps.at(-1)!.images, eight);
});

test("two calls at once queue up, and both are right", async () => {
  const other = { classIds: [1, 9], ...settings };
  const expected = await generator.generate(other);
  const [first, second] = await Promise.all([generator.generate(request), generator.generate(other)]);
  assert.equal(first, eight);
  assert.equal(second, expected);
});

test("aborting ends a call within one token; the generator stays usable", async () => {
  const controller = new AbortController(), reason = new Error("enough");
  let seen = 0;
  try {
    for await (const { generated } of generator.stream({ ...request, signal: controller.signal })) {
      seen = generated;
      if (generated === 3) controller.abort(reason);
    }
    assert.unreachable("it went on");
  } catch (error) {
    assert.is(error, reason);
  }
  assert.is(seen, 3);
  assert.equal(await generator.generate(request), eight);
  for await (const _ of generator.stream(request)) break;
  assert.equal(await generator.generate(request), eight);
});

test("of several candidates the likeliest is kept, as computed by the reference backend in f64", async () => {
  await using generateer = await tinyGenerator({ weights: "f32" });
  const options = { classIds: [4, 6, 1], n: 2, candidates: 3, ...settings };
  const planned = generateer.plan(options);
  assert.equal(
    planned.map((candidates) => candidates.map(({ candidate }) => candidate)),
    new Array(6).fill([0, 1, 2]),
  );
  await using table = await generateer.openBatch({ size: 18, guided: true });
  for (let step = 0; step < 16; step++) await table.step(planned.flat());

  const images = await generateer.generate(options), kept = new Set<number>();
  assert.equal(images.map(({ index, classId }) => [index, classId]), [[0, 4], [1, 4], [2, 6], [3, 6], [
    4,
    1,
  ], [5, 1]]);
  await using engine = await TransformerEngine.load(tinyModel().transformer, {
    backend: "reference",
    weights: "f32",
  });
  for (const [i, candidates] of planned.entries()) {
    const nats = await Promise.all(candidates.map((candidate) => natsOf(engine, candidate)));
    const best = nats.indexOf(Math.min(...nats));
    assert.equal([...images[i]!.tokens.data], [...candidates[best]!.tokens], `${nats}`);
    assert.is(await generateer.likeliest(candidates), candidates[best]);
    kept.add(best);
  }
  assert.ok(kept.size > 1, "not always the same candidate");
  // The first candidate is what is generated where there is one; and an image of a batch is what it is alone.
  const single = await generateer.generate({ ...options, candidates: 1 });
  assert.equal(single.map(({ tokens }) => [...tokens.data]), planned.map(([first]) => [...first!.tokens]));
  assert.equal(await generateer.generate({ ...options, classIds: 1, n: 1, first: 5 }), [images[5]!]);
});

/** − log p of an image, from the logits of all positions. */
async function natsOf(engine: TransformerEngine, { classId, tokens }: Generation): Promise<number> {
  const pre = tokens.map((token) => token % 8), post = tokens.map((token) => token >> 3);
  const logits = await engine.teacherForced(1, {
    inputs: {
      classes: u32Tensor([1], Uint32Array.of(classId)),
      pre: u32Tensor([1, 16], pre),
      post: u32Tensor([1, 16], post),
    },
    action: "evaluate the tokens",
  });
  return ([["logits_pre", pre, 8], ["logits_post", post, 16]] as const).reduce(
    (nats, [name, words, width]) =>
      nats + words.reduce((sum, word, at) => {
        const row = [...logits[name]!.data.subarray(at * width, (at + 1) * width)];
        return sum + Math.log(row.reduce((all, logit) => all + Math.exp(logit), 0)) - row[word]!;
      }, 0),
    0,
  );
}

test("streams the first candidates, and greedy generates one", async () => {
  const options = { classIds: 4, n: 2, candidates: 4, everyRows: 2, ...settings };
  const [four, one] = await Promise.all(
    [4, 1].map((candidates) => Array.fromAsync(generator.stream({ ...options, candidates }))),
  );
  assert.equal(
    four!.map(({ indices, partial }) => ({ indices, partial })).slice(0, 15),
    one!.map(({ indices, partial }) => ({ indices, partial })).slice(0, 15),
  );
  assert.is(generator.plan({ classIds: 1, greedy: true, candidates: 4 })[0]!.length, 1);
});

const refused: readonly [string, Partial<GenerateOptions>, RegExp][] = [
  ["a class out of range", { classIds: 10 }, /from 0 to 9, got 10/],
  ["a negative class", { classIds: -1 }, /from 0 to 9/],
  ["half a class", { classIds: [1.5] }, /from 0 to 9/],
  ["no class", { classIds: [] }, /images: expected a whole number from 1/],
  ["an unknown name, with near ones", { classIds: "golden retreiver" }, /did you mean golden retriever/],
  ["guidance below 0", { guidance: -1 }, /guidance: expected from 0/],
  ["guidance that is no number", { guidance: [2, NaN] }, /guidance/],
  ["top-p of 0", { topP: 0 }, /topP: expected above 0/],
  ["top-p above 1", { topP: [0.5, 1.1] }, /topP/],
  ["negative top-k", { topK: -3 }, /topK/],
  ["half a top-k", { topK: 2.5 }, /topK/],
  ["no candidate", { candidates: 0 }, /candidates: expected a whole number from 1 to 8, got 0/],
  ["half a candidate", { candidates: 1.5 }, /candidates/],
  ["nine candidates", { candidates: 9 }, /candidates/],
  ["temperature NaN", { temperature: NaN }, /temperature/],
  ["negative temperature", { temperature: [1, -1] }, /temperature/],
  ["three temperatures", { temperature: [1, 1, 1] as unknown as [number, number] }, /temperature/],
  ["too many images", { n: 5000 }, /n: expected a whole number from 1 to 1024/],
  ["too many images altogether", { classIds: [1, 2, 3], n: 1000 }, /images: .*1024, got 3000/],
  ["a negative seed", { seed: -1 }, /seed/],
  ["a seed beyond exact numbers", { seed: 2 ** 53 }, /seed/],
  ["an unknown schedule", { guidanceSchedule: "cosine" as "linear" }, /guidanceSchedule/],
];

for (const [what, options, message] of refused) {
  test(`refuses ${what}`, async () => {
    try {
      await generator.generate({ classIds: 1, ...options });
      assert.unreachable("it was taken");
    } catch (error) {
      assert.instance(error, ArgumentError);
      assert.match((error as Error).message, message);
    }
  });
}

test("refuses a tokenizer of other bits, and weights of an unknown format", async () => {
  const tokenizer = tinyModel().tokenizer as TokenizerModel;
  const other = { ...tokenizer, config: { ...tinyTokenizer, zChannels: 8 } };
  for (
    const load of [
      () => GeneratorClass.fromWeights(tinyModel({ tokenizer: other })),
      () => GeneratorClass.fromWeights(tinyModel(), { weights: "q3" as "q8" }),
    ]
  ) {
    try {
      await load();
      assert.unreachable("it was taken");
    } catch (error) {
      assert.instance(error, ArgumentError);
    }
  }
});

test("a loaded tokenizer is shared: its weights are read once, and it outlives the generator", async () => {
  const { tokenizer: model, ...rest } = tinyModel() as GeneratorModel & { tokenizer: TokenizerModel };
  let reads = 0;
  const source = { ...model.source, read: (name: string) => (reads++, model.source.read(name)) };
  await using tokenizer = await Tokenizer.fromWeights({ ...model, source });
  const loaded = reads;
  {
    await using sharing = await GeneratorClass.fromWeights({ ...rest, tokenizer });
    assert.equal(await sharing.generate({ ...request, classIds: [3, 3], n: 1 }), eight.slice(0, 2));
  }
  assert.is(reads, loaded);
  assert.equal(await tokenizer.decode(eight[0]!.tokens), eight[0]!.image);
});

test("calls that wait for another may be aborted", async () => {
  const reason = new Error("enough"), first = generator.generate(request);
  const waiting = generator.generate({ ...request, signal: AbortSignal.timeout(1) }).catch(({ name }) =>
    name
  );
  const stopped = new AbortController();
  const other = generator.generate({ ...request, signal: stopped.signal }).catch((error) => error);
  stopped.abort(reason);
  assert.is(await other, reason);
  assert.is(await waiting, "TimeoutError");
  assert.equal(await first, eight);
});

test("disposing waits for the images under way", async () => {
  const gone = await tinyGenerator();
  const images = gone.generate({ ...request, classIds: 3, n: 1 });
  await gone[Symbol.asyncDispose]();
  assert.equal(await images, eight.slice(0, 1));
});

test("refuses to generate when disposed", async () => {
  const gone = await tinyGenerator();
  await gone[Symbol.asyncDispose]();
  await gone[Symbol.asyncDispose]();
  try {
    await gone.generate({ classIds: 1 });
    assert.unreachable("it drew");
  } catch (error) {
    assert.instance(error, BackendError);
  }
});

test.run();
