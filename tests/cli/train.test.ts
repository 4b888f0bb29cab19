import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readMetrics } from "../../src/train/run/metrics_log.ts";
import { train } from "../../src/train/train.ts";
import { tinyTokenizer, writeImages } from "../train/run/tiny.ts";
import { scratch, voken } from "./support.ts";
import { notLinux, skipIf } from "../support/skip.ts";

const test = suite("voken train");
const onLinux = skipIf(notLinux, test);

/** A training in a process of its own, which writes a line a step. */
function start(config: string, folder: string): Deno.ChildProcess {
  const main = new URL("../../src/cli/voken.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "train", "tokenizer", "--config", config, "-o", folder, "--resume"],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits until a number of steps is in the log of a running training. */
async function reached(child: Deno.ChildProcess, folder: string, step: number): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  while (!(await readMetrics(folder)).some((record) => record.step >= step)) {
    assert.not(ended, "the process ended");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

onLinux("a killed run resumes with the same result; other processes cannot use its folder", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz")), config = folder.at("run.json");
  const run = tinyTokenizer(images, {
    steps: 60,
    intervals: { log: 1, checkpoint: 3, evaluate: 7, sample: 0 },
  });
  Deno.writeTextFileSync(config, JSON.stringify(run));
  const child = start(config, folder.at("run"));
  await reached(child, folder.at("run"), 5);
  const second = await voken(["train", "tokenizer", "--config", config, "-o", folder.at("run"), "--resume"]);
  assert.is(second.code, 1);
  assert.match(second.notes, new RegExp(`Cannot train into .*process ${child.pid} holds`));
  child.kill("SIGKILL");
  await child.output();
  const resumed = await voken(["train", "tokenizer", "--config", config, "-o", folder.at("run"), "--resume"]);
  assert.is(resumed.code, 0, resumed.notes);
  assert.match(resumed.out, /^60 steps: .*model, .*model-raw$/);
  const whole = await train(run, { folder: folder.at("whole") });
  const bytes = (name: string) =>
    Deno.readFileSync(folder.at(`${name}/checkpoints/step-00000060.safetensors`));
  assert.equal(bytes("run"), bytes("whole"));
  assert.is((await readMetrics(folder.at("run"))).length, (await readMetrics(folder.at("whole"))).length);
  assert.is(whole.step, 60);
});

onLinux("SIGTERM finishes the step and saves a checkpoint", async () => {
  using folder = scratch();
  const images = writeImages(folder.at("images.npz")), config = folder.at("run.json");
  const run = tinyTokenizer(images, { steps: 100_000, intervals: { log: 1, checkpoint: 0, sample: 0 } });
  Deno.writeTextFileSync(config, JSON.stringify(run));
  const child = start(config, folder.at("run"));
  await reached(child, folder.at("run"), 3);
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await child.output(), said = new TextDecoder().decode(stdout);
  assert.is(code, 0, new TextDecoder().decode(stderr));
  const [, step, checkpoint] = said.match(/^stopped after step (\d+): (.*)$/m)!;
  assert.ok(Deno.statSync(checkpoint!).size > 0);
  assert.is((await readMetrics(folder.at("run"))).at(-1)!.step, Number(step));
});

test("a mistake in the configuration is one line", async () => {
  using folder = scratch();
  Deno.writeTextFileSync(folder.at("run.json"), '{ "stage": "tokenizer", "steps": "many" }');
  const { code, notes } = await voken([
    "train",
    "tokenizer",
    "--config",
    folder.at("run.json"),
    "-o",
    folder.at("run"),
  ]);
  assert.is(code, 2);
  assert.match(notes, /^voken: Cannot train: .* of .*run\.json: expected .*, got .*$/);
  assert.equal(folder.files(), ["run.json"]);
});

test.run();
