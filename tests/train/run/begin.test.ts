import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Checkpoint, openCheckpoint } from "../../../src/models/open.ts";
import { ArgumentError, CheckpointError, NumericError } from "../../../src/tensor/errors.ts";
import { Tokenizer } from "../../../src/tokenizer/tokenizer.ts";
import { overfitting, withScaledLearningRate } from "../../../src/train/config/change.ts";
import { train } from "../../../src/train/train.ts";
import { scratch } from "../../cli/support.ts";
import { tinyTokenizer, tinyTransformer, writeImages } from "./tiny.ts";

const test = suite("beginnings of trainings");

const still = { intervals: { evaluate: 0, sample: 0 } };
const discriminator = { kind: "patch", ndf: 8, layers: 1, loss: "hinge", lecamWeight: 0.01 };

async function equal(a: Checkpoint, b: Checkpoint, name: string): Promise<boolean> {
  const [x, y] = [await a.read(name), await b.read(name)];
  return x.every((value, i) => value === y[i]);
}

test("the first values of weights are those of PyTorch's layers, and of the seed alone", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const optimizer = { learningRate: 1e-30, beta1: 0.9, beta2: 0.99 };
  const begin = async (seed: number) => {
    const run = tinyTokenizer(images, { ...still, steps: 1, seed, optimizer, discriminator });
    return await openCheckpoint((await train(run, { folder: folder.at(`${seed}`) })).checkpoint);
  };
  await using first = await begin(1);
  await using second = await begin(2);
  const conv = await first.read("encoder.down.0.block.0.conv1.weight"), bound = 1 / Math.sqrt(32 * 9);
  const largest = conv.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  assert.ok(largest <= bound && largest > 0.999 * bound, `${largest} of ${bound}`);
  const square = conv.reduce((sum, value) => sum + value * value, 0) / conv.length;
  assert.ok(Math.abs(square / (bound ** 2 / 3) - 1) < 0.05, "uniform");
  assert.ok((await first.read("encoder.norm_out.weight")).every((value) => value === 1));
  const judge = await first.read("loss.discriminator.main.0.weight");
  const deviation = Math.sqrt(judge.reduce((sum, value) => sum + value * value, 0) / judge.length);
  assert.ok(Math.abs(deviation / 0.02 - 1) < 0.1, `${deviation}`);
  assert.not(await equal(first, second, "encoder.conv_in.weight"));
});

test("a training begins with a checkpoint, the decoder alone goes on, and it loads as before", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const run = tinyTokenizer(images, { ...still, steps: 3, discriminator });
  const before = await train(run, { folder: folder.at("before") });
  const init = { from: before.checkpoint, train: "decoder", discriminator: "kept" };
  const tuned = await train(tinyTokenizer(images, { ...still, steps: 2, discriminator, init }), {
    folder: folder.at("tuned"),
  });
  await using a = await openCheckpoint(before.checkpoint);
  await using b = await openCheckpoint(tuned.checkpoint);
  assert.equal(
    [...b.tensors.keys()].filter((name) => !name.startsWith("adam")).sort(),
    [
      ...a.tensors.keys(),
    ].filter((name) => !name.startsWith("adam")).sort(),
  );
  assert.not(b.tensors.has("adam.m.encoder.conv_in.weight"), "nothing is remembered of what stays");
  // Training began with the averages.
  const average = await a.read("model_ema.encoderconv_inweight");
  for (const name of ["encoder.conv_in.weight", "model_ema.encoderconv_inweight"]) {
    assert.equal(await b.read(name), average);
  }
  assert.not(await equal(a, b, "decoder.conv_out.weight"));
  const [model] = tuned.models;
  const fresh = { from: model!, discriminator: "fresh", train: "all" };
  await train(tinyTokenizer(images, { ...still, steps: 1, discriminator, init: fresh }), {
    folder: folder.at("fresh"),
  });

  const refused = async (init: unknown, pattern: RegExp, changes = {}) => {
    const run = tinyTokenizer(images, { ...still, steps: 1, discriminator, init, ...changes });
    await train(run, { folder: folder.at(`${pattern}`.replaceAll(/\W/g, "")) }).then(
      () => assert.unreachable(),
      (error) => {
        assert.instance(error, CheckpointError);
        assert.match(error.message, pattern);
      },
    );
  };
  await refused(
    { from: model, discriminator: "kept" },
    /Cannot take the discriminator.*begin with a fresh one/,
  );
  const wider = { model: { ch: 64, chMult: [1, 1], numResBlocks: 1, bits: 4 } };
  await refused({ from: model }, /Cannot start from .*: expected ch 64.*got ch 32/, wider);
});

test("a transformer begins with another one's weights", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const { models: [tokenizer] } = await train(tinyTokenizer(images, { ...still, steps: 1 }), {
    folder: folder.at("tokenizer"),
  });
  const run = tinyTransformer(images, tokenizer!, { ...still, steps: 2 });
  const first = await train(run, { folder: folder.at("first") });
  const optimizer = { learningRate: 1e-30, beta1: 0.9, beta2: 0.95 };
  for (const from of [first.checkpoint, first.models[0]!]) {
    const second = tinyTransformer(images, tokenizer!, { ...still, steps: 1, optimizer, init: { from } });
    const { checkpoint } = await train(second, { folder: folder.at(`from-${from.length}`) });
    await using a = await openCheckpoint(first.checkpoint);
    await using b = await openCheckpoint(checkpoint);
    assert.ok(await equal(a, b, "transformer.head.1.weight"));
  }
});

test("a token may have more bits than two groups of the entropy loss", async () => {
  using folder = scratch();
  const model = { ch: 32, chMult: [1, 1], numResBlocks: 1, bits: 21 };
  const run = tinyTokenizer(writeImages(folder.at("images.npz")), { ...still, steps: 1, model });
  const { models, skipped } = await train(run, { folder: folder.at("run") });
  assert.is(skipped, 0);
  await using tokenizer = await Tokenizer.load(models[0]!, { threads: 1 });
  assert.is(tokenizer.codebookSize, 2 ** 21);
  const widest = { ...model, bits: 32 };
  assert.is(tinyTokenizer("images.npz", { model: widest }).model.bits, 32);
});

test("a learning rate is scaled by the batch", () => {
  const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99 };
  const run = tinyTokenizer("p.npz", { optimizer: { ...optimizer, learningRateBatch: 8 }, batch: 2 });
  const scaled = withScaledLearningRate(run);
  assert.equal([scaled.optimizer.learningRate, scaled.optimizer.learningRateBatch], [2.5e-4, 2]);
  assert.equal(withScaledLearningRate(scaled), scaled);
  assert.throws(
    () => withScaledLearningRate(tinyTokenizer("p.npz")),
    (error: Error) => error instanceof ArgumentError,
  );
});

test("overfitting a few images succeeds, or fails with an error", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const optimizer = { learningRate: 3e-3, beta1: 0.9, beta2: 0.99 }, schedule = { kind: "constant" };
  const loss = { l2: 1, entropy: 0.02 }, fast = { optimizer, schedule, loss, ema: 0.5, steps: 1500 };
  const run = overfitting(tinyTokenizer(images, { ...fast, intervals: { sample: 0, log: 100 } }), 1);
  const learned = await train(run, { folder: folder.at("run") });
  assert.ok(learned.finished && learned.best!.value >= 30 && learned.step < 1500, JSON.stringify(learned));
  const hopeless = overfitting(tinyTokenizer(images, { steps: 2 }), 2);
  await train(hopeless, { folder: folder.at("hopeless") }).then(() => assert.unreachable(), (error) => {
    assert.instance(error, NumericError);
    assert.match(
      error.message,
      /Cannot overfit 2 images: expected psnr of at least 30 within 2 steps/,
    );
  });

  const second = tinyTransformer(images, learned.models[0]!, { optimizer, schedule, steps: 1500 });
  const known = await train(overfitting(second, 2), { folder: folder.at("words") });
  assert.ok(known.best!.value <= 0.1 && known.step < 1500, JSON.stringify(known));
});

test.run();
