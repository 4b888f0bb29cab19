import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inputImages } from "../../src/cli/inputs.ts";
import { buildPng } from "../image/support.ts";
import { shippedSample as sample } from "../support/models.ts";
import { scratch, voken } from "./support.ts";

const test = suite("inputs of commands");

test("folders and patterns stand for the images below them, by name", async () => {
  using folder = scratch();
  for (const name of ["b.png", "sub/a.JPG", "sub/deep/c.webp", ".hidden/d.png", ".e.png", "notes.txt"]) {
    Deno.mkdirSync(folder.at(name).replace(/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(folder.at(name), "");
  }
  const at = (path: string, name: string) => ({ path: folder.at(path), name });
  assert.equal(await inputImages([folder.path]), [
    at("b.png", "b"),
    at("sub/a.JPG", "sub/a"),
    at("sub/deep/c.webp", "sub/deep/c"),
  ]);
  assert.equal(await inputImages([folder.at("*.png")]), [at("b.png", "b")]);
  assert.equal(await inputImages([folder.at("sub/**/*.{JPG,webp}")]), [
    at("sub/a.JPG", "a"),
    at("sub/deep/c.webp", "deep/c"),
  ]);
  assert.equal(await inputImages([folder.at("notes.txt"), "-", folder.at("sub/deep/")]), [
    at("notes.txt", "notes"),
    { path: "-", name: "stdin" },
    at("sub/deep/c.webp", "c"),
  ]);
  // The file of that name, before it is a pattern.
  Deno.writeTextFileSync(folder.at("[b].png"), "");
  assert.equal(await inputImages([folder.at("[b].png")]), [at("[b].png", "[b]")]);
});

test("the order does not depend on the file system's", async () => {
  const name = fc.stringMatching(/^[a-z0-9 _ä]{1,8}$/);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 8, minLength: 1 }), async (names) => {
      using folder = scratch();
      for (const name of names) Deno.writeTextFileSync(folder.at(`${name}.png`), "");
      const expected = names.map((name) => folder.at(`${name}.png`)).sort();
      for (const args of [[folder.path], [folder.at("*.png")]]) {
        assert.equal((await inputImages(args)).map(({ path }) => path), expected);
      }
    }),
    { numRuns: 20 },
  );
});

test("outputs of a folder keep its sub-folders", async () => {
  using folder = scratch();
  for (const name of ["x", "y"]) {
    Deno.mkdirSync(folder.at(`in/${name}`), { recursive: true });
    Deno.copyFileSync(sample("ring"), folder.at(`in/${name}/ring.png`));
  }
  const { code, notes } = await voken(["reconstruct", folder.at("in"), "-o", folder.at("out")]);
  assert.equal([code, notes], [0, ""]);
  assert.equal(folder.files().filter((name) => name.startsWith("out")), ["out/x/ring.png", "out/y/ring.png"]);
});

test("--skip-damaged reports damaged images, counts them, and does the others", async () => {
  using folder = scratch();
  Deno.copyFileSync(sample("ring"), folder.at("1.png"));
  Deno.writeTextFileSync(folder.at("2.png"), "no image");
  Deno.copyFileSync(sample("pilot"), folder.at("3.png"));
  const inputs = [folder.path, folder.at("none.png")];
  const refused = await voken(["encode", folder.path, "--json"]);
  assert.equal([refused.code, refused.out], [1, ""]);
  assert.match(refused.notes, /2\.png: expected a PNG, JPEG or WebP file, got text starting "no image"/);

  const encoded = await voken(["encode", ...inputs, "--skip-damaged", "--json"]);
  assert.is(encoded.code, 0);
  assert.match(encoded.notes, /^voken: skipped \S*2\.png: .*\nvoken: skipped \S*none\.png: .*\n/);
  assert.match(encoded.notes, /\nvoken: skipped 2 damaged images of 4$/);
  const whole = await voken(["encode", folder.at("1.png"), folder.at("3.png"), "--json"]);
  assert.is(encoded.out, whole.out);

  const { code, out, notes } = await voken([
    "reconstruct",
    ...inputs,
    "--skip-damaged",
    "-q",
    "-o",
    folder.at("out"),
  ]);
  assert.equal([code, notes, out.split("\n").length], [0, "", 2]);
  assert.equal(folder.files().filter((name) => name.startsWith("out")), ["out/1.png", "out/3.png"]);
});

test("an image for which memory lacks is refused from its header, by name, with what would fit", async () => {
  using folder = scratch();
  const wide = folder.at("wide.png"), sides = { width: 2 ** 20, height: 1 };
  Deno.writeFileSync(wide, buildPng(new Uint8Array(), sides));
  Deno.copyFileSync(sample("ring"), folder.at("ring.png"));
  for (const command of ["encode --json", `reconstruct -o ${folder.at("out")}`]) {
    const { code, notes } = await voken([...command.split(" "), wide]);
    assert.is(code, 1);
    assert.match(notes, /code the image in|reconstruct the image in/);
    assert.match(notes, /wide\.png: .*at most 2048 MiB.* got 1048576×4 .*need \d+ MiB; .*voken: --size \d+/);
  }
  const square = await voken(["encode", folder.at("ring.png"), "--json", "--size", "4096"]);
  assert.equal([square.code, square.out], [1, ""]);
  assert.match(square.notes, /got 4096×4096 .*--size \d+/);
  const others = await voken(["encode", wide, folder.at("ring.png"), "--json", "--skip-damaged"]);
  assert.is(others.code, 0);
  assert.match(others.notes, /skipped \S*wide\.png/);
});

test("of an animation the first frame is taken, which is said once", async () => {
  const animated = new URL("../golden/pictures/animated_lossy.webp", import.meta.url).pathname;
  const { code, notes } = await voken(["encode", animated, "--json"]);
  assert.is(code, 0);
  assert.is(notes, `voken: ${animated} is an animation; its first frame is taken`);
});

test.run();
