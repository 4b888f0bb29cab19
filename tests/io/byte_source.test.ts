import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openSource } from "../../src/io/open_source.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { goldenPath, inFolder, readAll, refused, utf8 } from "./support.ts";

const test = suite("byte sources");

const content = Uint8Array.from({ length: 1000 }, (_, i) => i);

test("files, URLs, blobs and bytes give the same ranges, also when read at the same time", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/a file`;
    await Deno.writeFile(path, content);
    const url = new URL(`file://${folder}/a%20file`);
    const named = new File([content], "picked.ckpt");
    const sources = [[path, path], [url, path], [new Blob([content]), "bytes"], [named, "picked.ckpt"], [
      content,
      "bytes",
    ]];
    for (const [source, name] of sources as [string | URL | Blob | Uint8Array, string][]) {
      await using opened = await openSource(source);
      assert.equal([opened.name, opened.size], [name, 1000]);
      const ranges = [[0, 1000], [500, 10], [999, 1], [1000, 0], [7, 3]] as const;
      const read = await Promise.all(ranges.map(([offset, length]) => opened.read(offset, length)));
      ranges.forEach(([offset, length], i) => assert.equal(read[i], content.slice(offset, offset + length)));
      await refused(() => opened.read(990, 11), /expected 11 bytes from byte 990, got a file of 1000 bytes/);
      await refused(() => opened.read(-1, 1), /from byte -1/);
    }
  });
});

test("results are new memory", async () => {
  await using source = await openSource(content);
  (await source.read(0, 4)).fill(99);
  assert.equal([...content.subarray(0, 4)], [0, 1, 2, 3]);
});

test("a file that shrinks while it is read is refused", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/file`, content);
    await using source = await openSource(`${folder}/file`);
    await Deno.truncate(`${folder}/file`, 600);
    await refused(() => source.read(500, 200), /expected 1000 bytes, got an end after 600/);
    assert.equal(await source.read(590, 10), content.slice(590, 600));
  });
});

test("files that cannot be opened give errors with a hint", async () => {
  await inFolder(async (folder) => {
    const file = async (name: string, content: string | Uint8Array) => {
      await Deno.writeFile(`${folder}/${name}`, typeof content === "string" ? utf8(content) : content);
      return `${folder}/${name}`;
    };
    await refused(() => openCheckpoint(`${folder}/none.ckpt`), /none\.ckpt: .*got no such file or folder/);
    await refused(
      () => openSource(new URL("https://example.com/a.ckpt")),
      /a local file, got a https: address; download/,
    );
    await refused(() => openCheckpoint(folder), /model\.safetensors: .*no such file/);
    await refused(() => openSource(folder), /expected a file, got a folder/);
    await refused(async () => openCheckpoint(await file("empty", "")), /got an empty file/);
    await refused(
      async () => openCheckpoint(await file("text", "hello, I am text")),
      /got text: "hello, I am text"; it is what a server answered/,
    );
    await refused(async () => openCheckpoint(await file("page", "<!DOCTYPE html>")), /got a web page/);
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\n";
    await refused(
      async () => openCheckpoint(await file("pointer", pointer)),
      /a Git LFS pointer; run git lfs pull/,
    );
    await refused(async () => openCheckpoint(await file("short", "PK")), /got text: "PK"/);
    if (Deno.build.os === "linux") await refused(() => openCheckpoint("/dev/null"), /got a device or pipe/);
  });
});

test("the content counts, not the name", async () => {
  await inFolder(async (folder) => {
    await Deno.copyFile(goldenPath("dtypes.pth"), `${folder}/x.safetensors`);
    await Deno.copyFile(goldenPath("dtypes.safetensors"), `${folder}/x.ckpt`);
    assert.equal(
      Object.keys(await readAll(`${folder}/x.safetensors`)),
      Object.keys(await readAll(`${folder}/x.ckpt`)),
    );
  });
});

test("a checkpoint in memory, or picked in a browser, is read like a file", async () => {
  const bytes = await Deno.readFile(goldenPath("lightning_tiny.ckpt"));
  const expected = await readAll(goldenPath("lightning_tiny.ckpt"));
  assert.equal(await readAll(bytes), expected);
  await using checkpoint = await openCheckpoint(new Blob([bytes]));
  assert.equal(await checkpoint.read("encoder.conv_in.weight"), expected["encoder.conv_in.weight"]);
});

test.run();
