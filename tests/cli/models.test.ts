import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FileServer, noise } from "../support/file_server.ts";
import { scratch, voken } from "./support.ts";

const test = suite("voken pull and voken models");

const weights = Deno.readFileSync(new URL("../../models/emoji-64/model.safetensors", import.meta.url));

test.after.each(() => Deno.env.delete("VOKEN_OFFLINE"));

test("a model is pulled, listed, used without a network, and removed", async () => {
  using cache = scratch();
  await using server = new FileServer();
  Deno.env.set("VOKEN_CACHE", cache.path);
  const url = server.put("/m/model.safetensors", weights).href, folder = new URL("./", url).href;
  const pulled = await voken(["pull", folder]);
  assert.is(pulled.code, 0, pulled.notes);
  const [path] = pulled.out.split("  ");
  assert.equal(Deno.readFileSync(path!), weights);
  const listed = await voken(["models"]);
  assert.match(
    listed.out,
    /^http:\/\/127.*\/m\/model\.safetensors +3\.54 MB {2}\d{4}-\d\d-\d\d\n1 file, 3\.54 MB in /,
  );
  const { files } = JSON.parse((await voken(["models", "--json"])).out);
  assert.equal([files[0].source, files[0].bytes, files[0].path], [url, weights.length, path]);

  Deno.env.set("VOKEN_OFFLINE", "1");
  for (const args of [["inspect", url], ["explain", url, "--size", "16", "--part", "encode"]]) {
    const { code, notes } = await voken(args);
    assert.is(code, 0, notes);
  }
  assert.match((await voken(["inspect", `${folder}other.ckpt`])).notes, /got VOKEN_OFFLINE.*voken pull/);
  Deno.env.delete("VOKEN_OFFLINE");

  assert.match(
    (await voken(["models", "--remove", folder])).out,
    /model\.safetensors .*\n1 file, 3\.54 MB removed$/,
  );
  assert.match((await voken(["models"])).out, /^0 files, 0\.00 MB in /);
  const none = await voken(["models", "--remove", folder]);
  assert.equal([none.code, none.out], [2, ""]);
  assert.match(none.notes, /Cannot remove http.*voken models lists them/);
});

test("inspect reads only the head of a file at an address", async () => {
  await using server = new FileServer();
  const bytes = new Uint8Array(20_000_000);
  const header = new TextEncoder().encode(
    JSON.stringify({ "a.weight": { dtype: "F32", shape: [4_000_000], data_offsets: [0, 16_000_000] } }),
  );
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  const url = server.put("/a.safetensors", bytes.slice(0, 8 + header.length + 16_000_000));
  const { code, out, notes } = await voken(["inspect", url.href]);
  assert.is(code, 0, notes);
  assert.match(out, /tensors +1, 4\.00 M elements: 16\.00 MB f32/);
  assert.equal(server.ranges("/a.safetensors"), ["bytes=0-262143"]);
});

test("the published models are listed, and what cannot be fetched is explained in one line", async () => {
  const { out } = await voken(["models", "--known"]);
  assert.match(
    out,
    /^hf:TencentARC\/Open-MAGVIT2-Tokenizer-256-resolution\/imagenet_256_L\.ckpt +tokenizer, 18 bits/,
  );
  assert.is(JSON.parse((await voken(["models", "--known", "--json"])).out).length, out.split("\n").length);
  await using server = new FileServer();
  const { code, notes } = await voken(["pull", server.url("/none.ckpt").href]);
  assert.equal([code, notes.split("\n").length], [1, 1]);
  assert.match(notes, /^voken: Cannot fetch http.*none\.ckpt: got status 404/);
  server.put("/noise.ckpt", noise(100));
  assert.match((await voken(["inspect", server.url("/noise.ckpt").href])).notes, /got 100 bytes starting/);
});

test.run();
