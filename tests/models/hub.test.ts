import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { FetchProgress } from "../../src/io/fetch_source.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { openGenerative } from "../../src/models/open_generative.ts";
import { ArgumentError, CheckpointError, NetworkError } from "../../src/tensor/errors.ts";
import { scratch } from "../cli/support.ts";
import { nowhere } from "../support/file_server.ts";
import { commit, HubServer } from "../support/hub_server.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("the hub");

const folder = new URL("../../models/emoji-64/", import.meta.url);
const read = (name: string) => Deno.readFileSync(new URL(name, folder));
const weights = read("model.safetensors"), transformer = read("transformer.safetensors");
const variables = ["HF_ENDPOINT", "HF_TOKEN", "HF_HOME", "VOKEN_CACHE", "VOKEN_OFFLINE"] as const;

let server: HubServer, cache: ReturnType<typeof scratch>;

function set(values: Partial<Record<(typeof variables)[number], string>>): void {
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
}

test.before.each(() => {
  server = new HubServer();
  cache = scratch();
  for (const name of variables) Deno.env.delete(name);
  set({ HF_ENDPOINT: server.hub.origin, VOKEN_CACHE: cache.at("cache"), HF_HOME: cache.at("home") });
});

test.after.each(async () => {
  await server[Symbol.asyncDispose]();
  cache[Symbol.dispose]();
});

/** Opens a checkpoint. Resolves to the number of its tensors. */
async function count(source: string, options?: Parameters<typeof openCheckpoint>[1]): Promise<number> {
  await using checkpoint = await openCheckpoint(source, options);
  return checkpoint.tensors.size;
}

test("the only checkpoint of a repository is fetched once, by its commit, and the signed address is not kept", async () => {
  const files = { "README.md": read("README.md"), "a.safetensors": weights };
  await server.put("o/n", files, { large: ["a.safetensors"] });
  const steps: FetchProgress[] = [], onProgress = (step: FetchProgress) => void steps.push(step);
  const tensors = await count("hf:o/n", { onProgress });
  assert.is(tensors, 81);
  assert.equal(steps.at(-1), { file: "a.safetensors", loaded: weights.length, total: weights.length });
  assert.is(await count("hf:o/n"), tensors);
  assert.equal(
    server.hub.seen.map(({ path }) => path),
    [
      "/api/models/o/n/revision/main?blobs=true",
      `/o/n/resolve/${commit}/a.safetensors`,
      "/api/models/o/n/revision/main?blobs=true",
    ],
  );
  assert.is(server.store.seen.length, 1);
  assert.match(
    cache.files().join(),
    /^cache\/hf\/o\/n\/main\/a\.safetensors\/@[0-9a-f]{64}\/a\.safetensors$/,
  );
});

test("a revision, a file and a folder are taken by name; a model's folder is taken as one", async () => {
  const files = { "model.safetensors": weights, "transformer.safetensors": transformer };
  await server.put("o/n", { ...files, "classes.json": read("classes.json") }, { revision: "refs/pr/1" });
  await using model = await openGenerative("hf:o/n@refs%2Fpr%2F1");
  assert.match((await model.textFile("classes.json"))!.text, /Flags/);
  assert.not(model.transformer === model.tokenizer);
  const below = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`v2/${name}`, bytes]));
  await server.put("o/m", { ...below, "x.ckpt": weights });
  await using other = await openGenerative("hf:o/m/v2");
  assert.not(other.transformer === other.tokenizer);
  assert.is(await count("hf:o/m/x.ckpt"), other.tokenizer.tensors.size);
});

test("a choice among several checkpoints is the user's", async () => {
  const names = Array.from({ length: 12 }, (_, i) => `${i}.ckpt`);
  await server.put("o/n", Object.fromEntries(names.map((name) => [name, weights])));
  await thrown(CheckpointError, () => count("hf:o/n"), /one checkpoint.*hf:o\/n\/0\.ckpt, .*9\.ckpt, …$/);
  await thrown(CheckpointError, () => count("hf:o/n/x.ckpt"), /a file of the repository, got others; choose/);
  await server.put("o/none", { "README.md": weights });
  await thrown(CheckpointError, () => count("hf:o/none"), /got a repository without checkpoints$/);
});

test("the token goes to the hub alone", async () => {
  await server.put("o/n", { "a.safetensors": weights }, { large: ["a.safetensors"], token: "t0" });
  await thrown(NetworkError, () => count("hf:o/n"), /hf:o\/n: got status 401.*set HF_TOKEN/);
  Deno.mkdirSync(cache.at("home"));
  Deno.writeTextFileSync(cache.at("home/token"), "t0\n");
  await count("hf:o/n");
  assert.ok(server.hub.seen.slice(1).every(({ authorization }) => authorization === "Bearer t0"));
  assert.equal(server.store.seen.map(({ authorization }) => authorization), [null]);
  set({ HF_TOKEN: "t1" });
  await thrown(NetworkError, () => count("hf:o/n"), /status 401/);
});

test("what the hub refuses is explained", async () => {
  await thrown(NetworkError, () => count("hf:o/none"), /got status 404.*check the names of the owner/);
  await server.put("o/n", { "a.ckpt": weights });
  const file = `/o/n/resolve/${commit}/a.ckpt`;
  server.hub.put(file, weights, { statuses: [403] });
  const error = await thrown(NetworkError, () => count("hf:o/n"), /ask for access at http:\/\/127.*\/o\/n/);
  assert.is(error.status, 403);
  for (const answer of ["null", "[]", '{"siblings":{}}']) {
    server.hub.put("/api/models/o/n/revision/main", new TextEncoder().encode(answer));
    await thrown(NetworkError, () => count("hf:o/n"), /hf:o\/n: got other JSON/);
  }
  server.hub.put("/api/models/o/n/revision/main", new TextEncoder().encode("<html>"));
  await thrown(NetworkError, () => count("hf:o/n"), /got other text/);
  server.hub.put("/api/models/o/n/revision/main", weights, { type: "text/html" });
  await thrown(NetworkError, () => count("hf:o/n"), /got a web page/);
});

test("a mirror needs a whole address", async () => {
  for (const address of ["mirror.example", "ftp://mirror.example", "https://"]) {
    set({ HF_ENDPOINT: address });
    await thrown(
      ArgumentError,
      () => count("hf:o/n"),
      /HF_ENDPOINT names: expected an address that starts with/,
    );
  }
});

test("a file of another digest is refused, and a connection that is cut goes on", async () => {
  const large = ["a.safetensors"], digests = { "a.safetensors": "0".repeat(64) };
  await server.put("o/n", { "a.safetensors": weights }, { large, digests });
  await thrown(CheckpointError, () => count("hf:o/n"), /a\.safetensors: its SHA-256 digest: expected 0{64}/);
  assert.equal(cache.files(), []);
  await server.put("o/n", { "a.safetensors": weights }, { large });
  const [path] = [...server.store.files.keys()].slice(-1);
  server.store.put(path!, weights, { cuts: { times: 1, after: 1_000_000 }, etag: null });
  await count("hf:o/n");
  assert.match(server.store.ranges(path!).at(-1)!, /^bytes=[1-9]\d*-$/);
});

test("without the hub, what was fetched is used", async () => {
  await server.put("o/n", { "a.safetensors": weights }, { large: ["a.safetensors"] });
  const tensors = await count("hf:o/n"), requests = server.hub.seen.length;
  set({ VOKEN_OFFLINE: "1" });
  for (const source of ["hf:o/n", "hf:o/n/a.safetensors"]) assert.is(await count(source), tensors);
  await thrown(NetworkError, () => count("hf:o/x"), /hf:o\/x: .*got VOKEN_OFFLINE, and nothing of it/);
  await thrown(CheckpointError, () => count("hf:o/n/b.safetensors"), /got others/);
  assert.is(server.hub.seen.length, requests);
  Deno.env.delete("VOKEN_OFFLINE");
  set({ HF_ENDPOINT: nowhere("/").href });
  assert.is(await count("hf:o/n"), tensors);
  await thrown(NetworkError, () => count("hf:o/x"), /hf:o\/x: got .*refused.*check the network/i);
});

test("what is only looked at is fetched in parts", async () => {
  const long = new Uint8Array(40_000_000);
  long.set(weights);
  await server.put("o/n", { "a.safetensors": long }, { large: ["a.safetensors"] });
  await openCheckpoint("hf:o/n", { cache: false }).then((open) => open[Symbol.asyncDispose](), () => {});
  const [path] = [...server.store.files.keys()];
  assert.equal(server.store.ranges(path!), ["bytes=0-262143"]);
  assert.equal(cache.files(), []);
});

test.run();
