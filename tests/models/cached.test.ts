import { suite } from "uvu";
import * as assert from "uvu/assert";
import { cachedFiles, removeCached } from "../../src/models/cached.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { pullModel } from "../../src/models/pull.ts";
import { openFiles } from "../../src/models/open.ts";
import { shippedModel } from "../../src/models/shipped.ts";
import { CheckpointError, FileError, NetworkError } from "../../src/tensor/errors.ts";
import { scratch } from "../cli/support.ts";
import { HubServer } from "../support/hub_server.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("models that were downloaded");

const folder = new URL("../../models/emoji-64/", import.meta.url);
const weights = Deno.readFileSync(new URL("model.safetensors", folder));
const config = Deno.readFileSync(new URL("config.json", folder));
let server: HubServer, cache: ReturnType<typeof scratch>;

test.before.each(async () => {
  server = new HubServer();
  cache = scratch();
  Deno.env.set("HF_ENDPOINT", server.hub.origin);
  Deno.env.set("VOKEN_CACHE", cache.at("cache"));
  await server.put("o/n", { "m/model.safetensors": weights, "m/config.json": config, "a.ckpt": weights }, {
    large: ["a.ckpt"],
    revision: "v1",
  });
  server.hub.put("/a b/model.safetensors", weights);
  server.hub.files.set("/a%20b/model.safetensors", server.hub.files.get("/a b/model.safetensors")!);
  for (const [name, bytes] of Object.entries({ "model.safetensors": weights, "config.json": config })) {
    server.hub.put(`/models/emoji-64/${name}`, bytes);
  }
});

test.after.each(async () => {
  Deno.env.delete("VOKEN_OFFLINE");
  await server[Symbol.asyncDispose]();
  cache[Symbol.dispose]();
});

test("all files of a model are fetched once, and it loads without a network", async () => {
  const pulled = await pullModel("hf:o/n@v1/m");
  assert.equal(pulled.map(({ bytes }) => bytes), [config.length, weights.length]);
  for (const { path, bytes } of pulled) assert.is(Deno.statSync(path).size, bytes);
  assert.equal(await pullModel("hf:o/n@v1/m"), pulled);
  Deno.env.set("VOKEN_OFFLINE", "1");
  await using _ = await openCheckpoint("hf:o/n@v1/m");
  assert.equal(await pullModel("hf:o/n@v1/m"), pulled);
  const [shipped] = await pullModel("emoji-64");
  assert.is(shipped!.path, new URL("config.json", folder).pathname);
});

test("each is listed by what it is loaded from, and removed by that or a place above", async () => {
  assert.equal(await cachedFiles(), []);
  await pullModel("hf:o/n@v1/m");
  await pullModel("hf:o/n@v1/a.ckpt");
  await pullModel(server.hub.url("/a b/"));
  await openFiles(shippedModel("emoji-64", { folder: server.hub.url("/models/") })).then((file) =>
    file[Symbol.asyncDispose]()
  );
  const files = await cachedFiles(), address = `${server.hub.origin}/a%20b/model.safetensors`;
  assert.equal(files.map(({ source }) => source).sort(), [
    "emoji-64/model.safetensors",
    "hf:o/n@v1/a.ckpt",
    "hf:o/n@v1/m/config.json",
    "hf:o/n@v1/m/model.safetensors",
    address,
  ]);
  for (const { path, bytes, complete, date } of files) {
    assert.equal([Deno.statSync(path).size, complete], [bytes, true]);
    assert.ok(Math.abs(+date - Date.now()) < 120_000);
  }
  const left = async () => (await cachedFiles()).length;
  assert.equal(await removeCached("hf:o/n"), []);
  assert.is((await removeCached("hf:o/n@v1/m")).length, 2);
  assert.equal((await removeCached(address)).map(({ source }) => source), [address]);
  assert.is(await left(), 2);
  await removeCached("emoji-64");
  await removeCached("hf:o/n@v1");
  assert.equal([await left(), cache.files()], [0, []]);
});

test("a download that was cut is listed, and not taken for the file", async () => {
  const stop = new AbortController();
  const onProgress = ({ loaded }: { loaded: number }) => loaded > 0 && stop.abort(new Error("stopped"));
  await pullModel("hf:o/n@v1/a.ckpt", { signal: stop.signal, onProgress }).catch(() => {});
  const [part] = await cachedFiles();
  assert.equal([part!.source, part!.complete], ["hf:o/n@v1/a.ckpt", false]);
  Deno.env.set("VOKEN_OFFLINE", "1");
  await thrown(NetworkError, () => openCheckpoint("hf:o/n@v1/a.ckpt"), /nothing of it in the cache/);
  Deno.env.delete("VOKEN_OFFLINE");
  await pullModel("hf:o/n@v1/a.ckpt");
  assert.equal((await cachedFiles()).map(({ complete }) => complete), [true]);
});

test("a folder without a model, and a host where nothing is kept, are errors", async () => {
  await thrown(
    CheckpointError,
    () => pullModel(server.hub.url("/none/")),
    /none\/: expected some of.*got none/,
  );
  Deno.writeTextFileSync(cache.at("file"), "");
  Deno.env.set("VOKEN_CACHE", cache.at("file"));
  await thrown(FileError, () => pullModel("hf:o/n@v1/m"), /Cannot keep config.json in .*VOKEN_CACHE/);
});

test.run();
