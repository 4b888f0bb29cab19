import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FileSystem } from "../../../src/io/atomic.ts";
import { files } from "../../../src/io/host.ts";
import { openCheckpoint } from "../../../src/models/open.ts";
import {
  ArgumentError,
  BackendError,
  DataError,
  FileError,
  NumericError,
} from "../../../src/tensor/errors.ts";
import { parseRun } from "../../../src/train/config/parse.ts";
import { train } from "../../../src/train/train.ts";
import { scratch } from "../../cli/support.ts";
import { smallModel } from "../../support/small_model.ts";
import { metrics } from "./resume.ts";
import { tinyTokenizer, tinyTransformer, writeImages } from "./tiny.ts";

const test = suite("trainings that cannot continue");

async function fails(
  call: Promise<unknown>,
  kind: new (...facts: never[]) => Error,
  pattern: RegExp,
): Promise<void> {
  await call.then(() => assert.unreachable("no error"), (error) => {
    assert.instance(error, kind);
    assert.match(error.message, pattern);
  });
}

test("a configuration that is wrong names its field", () => {
  const good = JSON.parse(JSON.stringify(tinyTokenizer("images.npz")));
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ steps: 0 }, /: steps of run\.json: expected at least 1, got 0/],
    [{ steps: undefined }, /: steps of run\.json: expected int|number, got nothing/],
    [{ stage: "transformer" }, /: stage of run\.json: expected tokenizer, got "transformer"/],
    [{ learning: 1 }, /: learning of run\.json: expected a field that there is/],
    [{ model: { ...good.model, ch: 33 } }, /: model\.ch of run\.json: expected a multiple of 32, got 33/],
    [{ model: { ...good.model, bits: 33 } }, /: model\.bits of run\.json: expected at most 32, got 33/],
    [{ precision: "bf16" }, /: precision of run\.json: expected f32 or f16, got "bf16"/],
    [{ model: { ...good.model, chMult: [1, "2"] } }, /: model\.chMult\.1 of run\.json: .*got "2"/],
    [
      { data: { ...good.data, mirror: true } },
      /: data\.mirror of .*: expected none or image or batch, got true/,
    ],
    [{ schedule: { kind: "linear" } }, /: schedule\.kind of .*: expected 'constant' or 'multi-step'/],
    [{ discriminator: { kind: "patch", ndf: 8, layers: 2 } }, /: discriminator\.loss of /],
    [{ loss: { l1: 0 } }, /: loss of run\.json: expected l1 or l2 above 0/],
    [
      { optimizer: { ...good.optimizer, learningRate: 0 } },
      /: optimizer\.learningRate of .*: expected above 0, got 0/,
    ],
    // Fields and values by the names that they had before.
    [
      { optimizer: { rate: 1e-3, beta1: 0.9, beta2: 0.9 } },
      /optimizer\.rate of run\.json: expected learningRate, as/,
    ],
    [{ parts: 2 }, /: parts of run\.json: expected microbatches, as it is called now/],
    [{ recompute: true }, /: recompute of run\.json: expected gradientCheckpointing/],
    [{ data: { pictures: "x.npz", size: 16 } }, /: data\.pictures of run\.json: expected images/],
    [
      { schedule: { kind: "drops", milestones: [1] } },
      /: schedule\.kind "drops" of .*: expected "multi-step"/,
    ],
    [{ data: { ...good.data, mirror: "picture" } }, /: data\.mirror "picture" of .*: expected "image"/],
  ];
  for (const [change, pattern] of cases) {
    const read = () => parseRun({ ...good, ...change }, { stage: "tokenizer", file: "run.json" });
    assert.throws(read, (error: Error) => error instanceof ArgumentError && pattern.test(error.message));
  }
});

test("what does not fit together is refused before any step", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz")), options = { folder: folder.at("run") };
  await fails(train(tinyTokenizer(folder.at("none")), options), DataError, /no such file/);
  const size = { data: { images, size: 9 } };
  await fails(train(tinyTokenizer(images, size), { folder: folder.at("a") }), ArgumentError, /data\.size/);
  const bits = tinyTransformer(images, smallModel);
  await fails(train(bits, { folder: folder.at("b") }), ArgumentError, /model\.bits: .*18 bits, got 2 and 2/);
});

test("mixed precision is refused where the backend has none, before anything is written", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  for (const backend of ["wasm", "reference"]) {
    const run = tinyTokenizer(images, { backend, precision: "f16" });
    await fails(
      train(run, { folder: folder.at("run") }),
      BackendError,
      new RegExp(
        `Cannot train with precision f16: expected the backend webgpu, got ${backend}; choose precision f32`,
      ),
    );
  }
  assert.equal(folder.files(), ["images.npz"]);
});

test("a folder's run goes on only when asked to, and only as it began", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz")), run = tinyTokenizer(images, { steps: 2 });
  const options = { folder: folder.at("run") };
  const { checkpoint } = await train(run, options);
  const before = Deno.readFileSync(checkpoint);
  await fails(train(run, options), ArgumentError, /holds a run; go on with it by --resume/);
  const other = tinyTokenizer(images, { steps: 2, loss: { entropy: 0.2 } });
  await fails(
    train(other, { ...options, resume: true }),
    ArgumentError,
    /loss\.entropy: expected 0\.1, as when the run began, got 0\.2/,
  );
  assert.equal(Deno.readFileSync(checkpoint), before);
  const { step } = await train({ ...run, threads: 1, keep: 1 }, { ...options, resume: true });
  assert.is(step, 2);
  // A field that came later has its default in a run that began before.
  const { precision: _, ...older } = run;
  Deno.writeTextFileSync(folder.at("run/config.json"), JSON.stringify(older));
  assert.is((await train(run, { ...options, resume: true })).step, 2);
});

test("no two trainings share a folder", async () => {
  using folder = scratch();
  const run = tinyTokenizer(writeImages(folder.at("images.npz")), { steps: 3 });
  const options = { folder: folder.at("run") };
  let refused: Promise<void> | undefined;
  const onStep = () =>
    refused ??= fails(
      train(run, { ...options, resume: true }),
      FileError,
      new RegExp(`no other process trains, got one that process ${Deno.pid} holds since`),
    );
  await train(run, { ...options, onStep });
  await refused;
  assert.ok(refused);
});

test("numbers that are not finite leave the states as they were, and end a training in the end", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz"));
  const optimizer = { learningRate: 1e30, beta1: 0.9, beta2: 0.99 };
  const run = tinyTokenizer(images, { maxSkipped: 3, optimizer, schedule: { kind: "constant" } });
  await fails(
    train(run, { folder: folder.at("run") }),
    NumericError,
    /after step 4: expected finite losses and gradients, got total_loss.* 3 steps in a row; the last good state is saved/,
  );
  assert.equal((await metrics(folder.at("run"))).map(({ step, skipped }) => [step, skipped]), [
    [2, 1],
    [3, 2],
    [4, 3],
  ]);
  await using saved = await openCheckpoint(folder.at("run/checkpoints/step-00000004.safetensors"));
  for (const name of saved.tensors.keys()) {
    const values = await saved.read(name);
    assert.ok(values.every(Number.isFinite), name);
    if (name === "adam.m.decoder.conv_out.bias") {
      assert.ok(values.some((value) => value !== 0), "the first step counted");
    }
  }
});

test("a full disk costs nothing that was saved", async () => {
  using folder = scratch();
  const run = tinyTokenizer(writeImages(folder.at("images.npz")), {
    steps: 8,
    intervals: { checkpoint: 2, evaluate: 0 },
  });
  let left = 2;
  const open: FileSystem["open"] = async (path, flags) => {
    const isCheckpoint = path.includes("checkpoints/step-") && flags !== "r";
    if (isCheckpoint && left-- === 0) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    return await files().open(path, flags);
  };
  const fileSystem: FileSystem = { ...files(), open };
  await fails(
    train(run, { folder: folder.at("run"), fileSystem }),
    FileError,
    /step-00000006.*no space left/,
  );
  assert.equal(folder.files().filter((file) => file.includes("checkpoints")), [
    "run/checkpoints/step-00000002.safetensors",
    "run/checkpoints/step-00000004.safetensors",
  ]);
  const whole = await train(run, { folder: folder.at("whole") });
  const resumed = await train(run, { folder: folder.at("run"), resume: true });
  assert.equal(Deno.readFileSync(resumed.checkpoint), Deno.readFileSync(whole.checkpoint));
});

test.run();
