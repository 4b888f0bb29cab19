import { suite } from "uvu";
import * as assert from "uvu/assert";
import { demo } from "../../src/cli/demo.ts";
import { readImage } from "../../src/image/read.ts";
import { memoryIo, scratch } from "./support.ts";

const test = suite("the demo");

test("writes its sheets and reaches the model's quality", async () => {
  using folder = scratch();
  const io = memoryIo();
  await demo(folder.path, io);
  const { out } = io.written();
  const sheet = await readImage(folder.at("demo.png"));
  assert.equal([sheet.width, sheet.height], [8 * 134 + 6, 4 * 134 + 6]);
  const [, decibels, tokens] = /\nall +([\d.]+) +(\d+)/.exec(out)!;
  assert.ok(Number(decibels) > 24, decibels);
  assert.is(tokens, "4096");
  assert.match(out, /See .*demo\.png/);
  const generated = await readImage(folder.at("generated.png"));
  assert.equal([generated.width, generated.height], [4 * 134 + 6, 9 * 134 + 6]);
  assert.match(out, /speed +\d+ tokens\/s/);
  assert.match(out, /generated\.png.*$/);
});

test.run();
