import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { images } from "../../src/data/images.ts";
import { decodeImage } from "../../src/image/decode.ts";
import { ArgumentError, ImageError, VokenError } from "../../src/tensor/errors.ts";
import { butter, parrot, refuses, ring, temporaryFolder, writeFiles } from "./support.ts";

const test = suite("images of a folder");

test("come one by one, those of a folder by name before those of its sub-folders", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, {
    "b.png": ring,
    "a/2.PNG": parrot,
    "a/10.png": butter,
    "a/deep/1.png": ring,
    "c.txt": "no image",
    "a/.hidden.png": "neither",
  });
  const expected = [["b.png", ring], ["a/10.png", butter], ["a/2.PNG", parrot], [
    "a/deep/1.png",
    ring,
  ]] as const;
  for (const place of [folder.path, `${folder.path}/`, new URL(`file://${folder.path}`)]) {
    const found = await Array.fromAsync(images(place));
    assert.equal(found.map(({ path }) => path), expected.map(([name]) => `${folder.path}/${name}`));
    assert.equal(
      found.map(({ image }) => image),
      await Promise.all(expected.map(([, file]) => decodeImage(file))),
    );
  }
  // The second is not read before it is asked for.
  await Deno.writeTextFile(`${folder.path}/a/10.png`, "damaged");
  for await (const { path } of images(folder.path)) {
    assert.is(path, `${folder.path}/b.png`);
    break;
  }
});

test("damaged ones are an error, or are reported and passed over", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.png": ring, "2.png": ring.slice(0, 600), "3.png": parrot, "4.png": "" });
  const all = images(folder.path);
  assert.is((await all.next()).value!.path, `${folder.path}/1.png`);
  const error = await all.next().catch((error) => error);
  assert.instance(error, ImageError);
  assert.match(error.message, /2\.png/);

  const damaged: string[] = [];
  const onDamaged = ({ path, error }: { path: string; error: ImageError }) => {
    assert.instance(error, ImageError);
    damaged.push(path);
  };
  const whole = await Array.fromAsync(images(folder.path, { onDamaged }), ({ path }) => path);
  assert.equal(whole, ["1.png", "3.png"].map((name) => `${folder.path}/${name}`));
  assert.equal(damaged, ["2.png", "4.png"].map((name) => `${folder.path}/${name}`));
});

test("an error of the loop's own body is not taken for a damaged image", async () => {
  await using folder = await temporaryFolder();
  await writeFiles(folder.path, { "1.png": ring, "2.png": parrot });
  const own = new ImageError("Cannot go on"), reported: unknown[] = [];
  const all = images(folder.path, { onDamaged: (one) => reported.push(one) });
  await all.next();
  assert.is(await all.throw(own).catch((error) => error), own);
  assert.equal(reported, []);
});

test("folders without images, missing ones and wrong options are refused", async () => {
  await using folder = await temporaryFolder();
  const first = (...args: Parameters<typeof images>) => images(...args).next();
  await refuses(
    () => first(folder.path),
    /Cannot take images from .*: expected PNG, JPEG or WebP files.*got none/,
  );
  await refuses(() => first(`${folder.path}/none`), /Cannot read the folder/);
  await refuses(
    () => first(folder.path, { onError() {} } as never),
    /option onError: expected one of onDamaged/,
  );
  await refuses(
    () => first(folder.path, { onDamaged: true } as never),
    /onDamaged: expected a function, got true/,
  );
  await refuses(
    () => first(new URL("https://example.org/")),
    /the path or file: URL of a folder, got a value of/,
  );
  fc.assert(fc.property(fc.anything(), fc.anything(), (place, options) => {
    try {
      images(place as string, options as object);
    } catch (error) {
      assert.instance(error, VokenError);
      if (typeof place === "string") assert.instance(error, ArgumentError);
    }
  }));
});

test.run();
