import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNpz } from "../../src/io/npz.ts";
import { shippedSample as sample } from "../support/models.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken tokenize");

test("encodes a folder, in shards, and names damaged images", async () => {
  using folder = scratch();
  Deno.mkdirSync(folder.at("set/rings"), { recursive: true });
  Deno.copyFileSync(sample("ring"), folder.at("set/rings/1.png"));
  Deno.writeTextFileSync(folder.at("set/rings/2.png"), "no image");
  Deno.copyFileSync(sample("parrot"), folder.at("set/rings/3.png"));
  const ask = ["tokenize", "--data", folder.at("set"), "--mirror", "--threads", "1"];
  const { code, out, notes } = await voken([...ask, "-o", folder.at("all.npz")]);
  assert.is(code, 0, notes);
  assert.match(
    out,
    /^2 images: 16×16 tokens of 18 bits, also mirrored, skipped 1 damaged, in .*; \S+ images\/s$/,
  );
  assert.match(notes, /^voken: skipped rings\/2.png: /);
  const part = await voken([...ask, "--shard", "2/2", "--size", "16", "-o", folder.at("part.npz")]);
  assert.is(part.code, 0, part.notes);
  const tokens = readNpz(Deno.readFileSync(folder.at("part.npz")), { file: "part" });
  assert.equal([tokens.get("mirrored")!.shape, [...tokens.get("images")!.data]], [[1, 4, 4], [2]]);
});

test("reports errors before a model is loaded", async () => {
  using folder = scratch();
  const nothing = await voken(["tokenize", "--data", folder.path, "-o", folder.at("x.npz")]);
  assert.equal([nothing.code, nothing.out], [1, ""]);
  assert.match(nothing.notes, /^voken: Cannot take images from .*: expected PNG, JPEG or WebP files/);
});

test.run();
