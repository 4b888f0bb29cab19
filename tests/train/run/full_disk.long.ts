import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openCheckpoint } from "../../../src/models/open.ts";
import { FileError } from "../../../src/tensor/errors.ts";
import { train } from "../../../src/train/train.ts";
import { scratch } from "../../cli/support.ts";
import { tinyTokenizer, writeImages } from "./tiny.ts";

const test = suite("a full disk");

/** A disk of this number of bytes mounted at a folder, or nothing without the rights to make one. */
function smallDisk(path: string, bytes: number): Disposable | undefined {
  const run = (...args: string[]) =>
    new Deno.Command(args[0]!, { args: args.slice(1), stderr: "null" }).outputSync();
  Deno.mkdirSync(path);
  if (Deno.build.os !== "linux") return;
  if (!run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path).success) return;
  return { [Symbol.dispose]: () => void run("umount", path) };
}

test("a real one: what was saved stays, and with room again the training goes on", async () => {
  using folder = scratch();
  using disk = smallDisk(folder.at("disk"), 6 * 2 ** 20);
  if (!disk) return console.log("  skipped: a small disk can only be made by root on Linux");
  const images = writeImages(folder.at("images.npz"));
  const run = tinyTokenizer(images, {
    steps: 30,
    keep: 30,
    intervals: { checkpoint: 1, evaluate: 0, sample: 0 },
  });
  await train(run, { folder: folder.at("disk/run") }).then(() => assert.unreachable(), (error) => {
    assert.instance(error, FileError);
    assert.match(error.message, /no space left on the device; an existing file is unchanged/);
  });
  const saved = folder.files().filter((file) => file.endsWith(".safetensors"));
  assert.ok(saved.length > 1 && saved.length < 30, `${saved.length}`);
  assert.equal(folder.files().filter((file) => file.endsWith(".tmp")), []);
  for (const file of saved) {
    await using checkpoint = await openCheckpoint(folder.at(file));
    for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
  }
  for (const file of saved.slice(0, -1)) Deno.removeSync(folder.at(file));
  const resumed = await train({ ...run, keep: 1 }, { folder: folder.at("disk/run"), resume: true });
  const whole = await train(run, { folder: folder.at("whole") });
  assert.equal(Deno.readFileSync(resumed.checkpoint), Deno.readFileSync(whole.checkpoint));
});

test.run();
