import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpz } from "../../src/io/npz.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { createImage } from "../../src/image/image.ts";
import { psnr } from "../../src/image/metrics.ts";
import { readImage } from "../../src/image/read.ts";
import { centerCrop, resizeShorterSide } from "../../src/image/resize.ts";
import { shippedSample as sample } from "../support/models.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken");

test("reconstruct writes images and reports their PSNR", async () => {
  using folder = scratch();
  const inputs = [sample("ring"), sample("pilot")];
  const { code, out, notes } = await voken(["reconstruct", ...inputs, "-o", folder.path, "--json"]);
  assert.equal([code, notes], [0, ""]);
  assert.equal(folder.files(), ["pilot.png", "ring.png"]);
  const said = JSON.parse(out);
  for (const [i, input] of inputs.entries()) {
    const { output, grid, codebookSize, distinct, psnr: decibels } = said[i];
    assert.is(decibels, psnr(await readImage(input), await readImage(output)));
    assert.ok(decibels > 22, `${input}: ${decibels} dB`);
    assert.equal([grid, codebookSize], [[16, 16], 2 ** 18]);
    assert.ok(distinct > 64);
  }
});

test("encode, then decode, is what reconstruct gives; npz and JSON hold the same", async () => {
  using folder = scratch();
  const inputs = [sample("ring"), sample("pilot")];
  const encoded = await voken(["encode", ...inputs, "-o", folder.at("new/t.npz"), "--json"]);
  assert.is(encoded.code, 0, encoded.notes);
  const arrays = readNpz(Deno.readFileSync(folder.at("new/t.npz")), { file: "t" });
  assert.equal(arrays.get("tokens")!.shape, [2, 16, 16]);
  assert.equal(arrays.get("codebookSize"), { shape: [], data: BigInt64Array.of(2n ** 18n) });
  const { tokens } = JSON.parse(encoded.out);
  assert.equal(tokens.flat(), [...arrays.get("tokens")!.data]);

  Deno.writeTextFileSync(folder.at("t.json"), encoded.out);
  await voken(["reconstruct", ...inputs, "-o", folder.at("r")]);
  await voken(["decode", folder.at("new/t.npz"), "-o", folder.at("npz")]);
  await voken(["decode", folder.at("t.json"), "-o", folder.at("json")]);
  for (const [i, name] of ["ring", "pilot"].entries()) {
    const expected = Deno.readFileSync(folder.at(`r/${name}.png`));
    assert.equal(Deno.readFileSync(folder.at(`npz/t-${i}.png`)), expected);
    assert.equal(Deno.readFileSync(folder.at(`json/t-${i}.png`)), expected);
  }
});

test("images of odd sizes keep their size, in the format of the output's name", async () => {
  using folder = scratch();
  const image = createImage({ width: 45, height: 27 }, new Uint8Array(45 * 27 * 3).fill(90));
  Deno.writeFileSync(folder.at("odd.png"), await encodeImage(image, { format: "png" }));
  await voken(["encode", folder.at("odd.png"), "-o", folder.at("odd.npz")]);
  const { code, out } = await voken(["decode", folder.at("odd.npz"), "-o", folder.at("again.webp")]);
  assert.equal([code, out], [0, `45×27  ${folder.at("again.webp")}`]);
  const again = await readImage(folder.at("again.webp"));
  assert.equal([again.width, again.height], [45, 27]);
  assert.is(String.fromCharCode(...Deno.readFileSync(folder.at("again.webp")).subarray(8, 12)), "WEBP");
});

test("images of different sizes need --size to share a file", async () => {
  using folder = scratch();
  const ring = await readImage(sample("ring"));
  const small = centerCrop(ring, 20);
  Deno.writeFileSync(folder.at("small.png"), await encodeImage(small, { format: "png" }));
  const args = ["encode", sample("ring"), folder.at("small.png"), "--json"];
  const refused = await voken(args);
  assert.is(refused.code, 2);
  assert.match(refused.notes, /^voken: Cannot encode .*small\.png .*expected 64×64, got 20×20; use --size/);
  const { code, out } = await voken([...args, "--size", "16"]);
  assert.equal([code, JSON.parse(out).grid], [0, [4, 4]]);
  const resized = resizeShorterSide(small, 16);
  Deno.writeFileSync(folder.at("resized.png"), await encodeImage(resized, { format: "png" }));
  const alone = await voken(["encode", folder.at("resized.png"), "--json"]);
  assert.equal(JSON.parse(alone.out).tokens[0], JSON.parse(out).tokens[1]);
});

test("inspect, convert and explain agree on what a model is", async () => {
  using folder = scratch();
  const converted = await voken(["convert", "emoji-64", "-o", folder.at("copy"), "--dtype", "f32"]);
  assert.is(converted.code, 0, converted.notes);
  assert.match(converted.out, /ch 64, ch_mult \[1,2,2\].* 81 averaged \(EMA\) weights in f32, 13\.2\d MB/);
  assert.match(converted.out, /\n.*: transformer of dim 192, 6 \+ 1 blocks, in q8, 5\.\d\d MB$/);
  const names = [
    "classes.json",
    "config.json",
    "model.safetensors",
    "sampling.json",
    "transformer.safetensors",
  ];
  assert.equal(folder.files(), names.map((name) => `copy/${name}`));
  const summary = JSON.parse((await voken(["inspect", folder.at("copy"), "--json"])).out);
  assert.is(summary.holds, "image tokenizer");
  const { out } = await voken(["explain", folder.at("copy"), "--size", "64", "--json"]);
  const { encode, decode } = JSON.parse(out);
  assert.is(encode.parameters + decode.parameters, summary.tokenizer.parameters);
  assert.equal(decode.outputs.x.shape, [1, 64, 64, 3]);

  const [ours, copied] = await Promise.all(
    ["emoji-64", folder.at("copy")].map((path) => voken(["encode", sample("ring"), "--json", "-m", path])),
  );
  assert.is(copied!.out, ours!.out);
});

test("explain prints ops, totals and arena", async () => {
  const { code, out } = await voken(["explain", "emoji-64", "--size", "64x32", "--part", "decode"]);
  assert.is(code, 0);
  assert.match(out, /^decode\n\ninputs +tokens \[1,8,16\]\noutputs +x \[1,32,64,3\]/);
  assert.match(out, /conv norm → swish → 3×3 \+ residual/);
  assert.match(out, /\narena +\d+\.\d\d MB/);
});

test("doctor finds the kernels right", async () => {
  const { code, out } = await voken(["doctor", "--json"]);
  const facts = JSON.parse(out);
  assert.is(code, 0);
  assert.ok(facts.wasm.error < 1e-9);
  assert.equal(facts.codecs, { png: "ok", jpeg: "ok", webp: "ok" });
  assert.equal(facts.models, ["emoji-64"]);
  assert.match((await voken(["doctor"])).out, /codecs +png ok, jpeg ok, webp ok/);
});

test.run();
