import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../../src/image/decode.ts";
import { filledImage } from "../../../src/image/image.ts";
import { files } from "../../../src/io/host.ts";
import { FileError } from "../../../src/tensor/errors.ts";
import { axisOf, placeOn, shortNumber } from "../../../src/train/report/axis.ts";
import { reportFile, saveSheet, sheetPath, writeReport } from "../../../src/train/report/report.ts";
import { seriesOf, smoothed, thinned } from "../../../src/train/report/series.ts";
import { temporaryFolder } from "../../data/support.ts";

const test = suite("the report of a training");

test("records become series, without what is no number, and the last of two", () => {
  const series = seriesOf([
    { step: 10, loss: 3 },
    { step: 20, loss: NaN, psnr: 20 },
    { step: 30, loss: 1 },
    { step: 20, loss: 2 },
    { step: 30, loss: 0 },
  ]);
  const plain = series.map(({ name, points }) => [name, ...points.map(({ step, value }) => [step, value])]);
  assert.equal(plain, [["loss", [10, 3], [20, 2], [30, 0]], ["psnr", [20, 20]]]);
});

test("thinning keeps ends and spikes", () => {
  const points = Array.from({ length: 10_000 }, (_, step) => ({ step, value: Math.sin(step / 900) }));
  points[4321] = { step: 4321, value: 50 };
  const few = thinned(points, 100);
  assert.ok(few.length <= 104, `${few.length}`);
  assert.equal([few[0]!.step, few.at(-1)!.step], [0, 9999]);
  assert.ok(few.some(({ value }) => value === 50));
  assert.ok(few.every(({ step }, i) => i === 0 || step > few[i - 1]!.step));
  assert.equal(thinned(points.slice(0, 5), 100), points.slice(0, 5));
});

test("smoothing keeps constants and has no lag", () => {
  const line = Array.from({ length: 101 }, (_, step) => ({ step, value: step }));
  assert.ok(Math.abs(smoothed(line, 10)[50]!.value - 50) < 1e-9);
  for (const { value } of smoothed(line.map(({ step }) => ({ step, value: 7 })), 10)) {
    assert.ok(Math.abs(value - 7) < 1e-12);
  }
});

test("axes are marked by round numbers around the values", () => {
  assert.equal(axisOf(0.12, 0.31, 4).ticks, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35]);
  assert.equal(axisOf(0, 2750, 5).ticks, [0, 1000, 2000, 3000]);
  assert.equal(axisOf(-10.2, -7.9, 4).ticks, [-11, -10, -9, -8, -7]);
  for (const value of [0, 5, -3]) {
    const axis = axisOf(value, value, 4);
    assert.ok(axis.low <= value && axis.high >= value && axis.high > axis.low);
  }
  const wide = axisOf(0.02, 30, 4);
  assert.equal([wide.logarithmic, wide.ticks], [true, [0.1, 1, 10]]);
  assert.equal([placeOn(wide, 0.02), placeOn(wide, 30)], [0, 1]);
  assert.equal([0, 0.25, 12345, 2.5e6, 0.00021, -8.1234].map(shortNumber), [
    "0",
    "0.25",
    "12.3k",
    "2.5M",
    "2.1e-4",
    "-8.123",
  ]);
});

test("the page needs nothing beside itself and says all that was measured", async () => {
  await using folder = await temporaryFolder();
  const records = Array.from({ length: 100 }, (_, i) => ({
    step: i + 1,
    loss: 1 / (i + 1),
    seconds: 2,
    constant: 0.1,
  }));
  const facts = { title: "a <run>", config: { note: "</pre><script>" }, steps: 400, records };
  const image = filledImage({ width: 4, height: 4 }, [200, 10, 10]);
  for (const step of [50, 100]) await saveSheet(folder.path, step, [[image, image]]);
  assert.is((await decodeImage(await Deno.readFile(sheetPath(folder.path, 50)))).width, 20);
  await writeReport(folder.path, facts);
  const page = await Deno.readTextFile(`${folder.path}/${reportFile}`);
  assert.match(page, "a &lt;run&gt;</h1>");
  assert.match(page, "Step 100 of 400 · 2 s a step · 10 min to go");
  assert.match(page, "&lt;/pre&gt;&lt;script&gt;");
  // One curve: what never changed is only in the table.
  assert.is(page.match(/<svg/g)!.length, 1);
  assert.match(page, "<td>constant</td><td>0.1</td>");
  assert.match(page, "<td>loss</td><td>0.01</td><td>0.01</td><td>100</td><td>1</td><td>1</td>");
  assert.is(page.match(/src="data:image\/png;base64,/g)!.length, 2);
  assert.ok(!/https?:|src="(?!data:)|href|NaN|undefined|Infinity/.test(page));
  await writeReport(folder.path, facts);
  assert.is(await Deno.readTextFile(`${folder.path}/${reportFile}`), page);
});

test("a run of which nothing is known yet has a report, too", async () => {
  await using folder = await temporaryFolder();
  await writeReport(folder.path, { title: "new", config: {}, steps: 10, records: [] });
  assert.match(await Deno.readTextFile(`${folder.path}/${reportFile}`), "Step 0 of 10");
});

test("where a report cannot be written the one before is kept", async () => {
  await using folder = await temporaryFolder();
  const facts = { title: "first", config: {}, steps: 10, records: [] };
  await writeReport(folder.path, facts);
  const refused = Object.assign(new Error(), { code: "EACCES" });
  const fileSystem = { ...files(), rename: () => Promise.reject(refused) };
  const error = await writeReport(folder.path, { ...facts, title: "second" }, { fileSystem })
    .then(() => undefined, (error) => error);
  assert.instance(error, FileError);
  assert.match(await Deno.readTextFile(`${folder.path}/${reportFile}`), "first");
  const left = await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
  assert.equal(left, [reportFile]);
});

test.run();
