import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError, NetworkError } from "../../src/tensor/errors.ts";
import { modelNames, type ModelSource } from "../../src/models/find.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { openGenerative } from "../../src/models/open_generative.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { Transformer } from "../../src/transformer/transformer.ts";
import { scratch } from "../cli/support.ts";
import { FileServer, nowhere } from "../support/file_server.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("where models come from");

const models = new URL("../../models/", import.meta.url);
const weights = new URL("emoji-64/model.safetensors", models);
const files = ["config.json", "model.safetensors", "transformer.safetensors", "classes.json"];
let folder: ReturnType<typeof scratch>, server: FileServer;

test.before.each(() => {
  folder = scratch();
  server = new FileServer();
  Deno.env.set("VOKEN_CACHE", folder.at("cache"));
});

test.after.each(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Offers the shipped model at `/m/`. */
function offer(names: readonly string[] = files): URL {
  for (const name of names) server.put(`/m/${name}`, Deno.readFileSync(new URL(`emoji-64/${name}`, models)));
  return server.url("/m/");
}

async function shapesOf(source: ModelSource): Promise<string> {
  await using checkpoint = await openCheckpoint(source);
  return [...checkpoint.tensors].map(([name, { shape }]) => `${name} ${shape}`).join();
}

test("the names are those of the folder", () => {
  const folders = [...Deno.readDirSync(models)].filter(({ isDirectory }) => isDirectory);
  assert.equal(modelNames, folders.map(({ name }) => name).sort());
});

test("a name, folder, file, address, blob and bytes are the same model", async () => {
  const bytes = Deno.readFileSync(weights), local = new URL("emoji-64", models), remote = offer();
  const address = URL.createObjectURL(new Blob([bytes]));
  const sources = [
    ...["emoji-64", local, local.pathname, local.href, weights, weights.pathname, new Blob([bytes]), bytes],
    ...[address, remote, remote.href, new URL("model.safetensors?download=true", remote)],
  ];
  const shapes = await Promise.all(sources.map(shapesOf));
  assert.is(new Set(shapes).size, 1);
  await using tokenizer = await Tokenizer.load(bytes, { threads: 1 });
  assert.equal([tokenizer.codebookSize, tokenizer.factor, tokenizer.backend], [2 ** 18, 4, "wasm"]);
});

test("nothing is kept with cache: false, whatever is loaded", async () => {
  const remote = offer();
  for (const model of [Tokenizer, Generator, Transformer]) {
    await using _ = await model.load(remote, { backend: "reference", cache: false });
    await Deno.stat(folder.at("cache")).then(() => assert.unreachable("there is a cache"), () => {});
  }
});

test("the address of a folder has all files of a generative model, or some", async () => {
  const remote = offer();
  await using all = await openGenerative(remote);
  assert.is(all.transformer.metadata["config.json"]?.includes("transformer"), true);
  assert.match((await all.textFile("classes.json"))!.text, /Flags/);
  assert.match((await all.textFile("sampling.json"))!.file, /in the metadata/);
  assert.is(await all.textFile("none.json"), undefined);
  server.files.delete("/m/transformer.safetensors");
  // What was kept is not used when the server says that it is gone.
  await using one = await openGenerative(remote);
  assert.is(one.transformer, one.tokenizer);
  server.files.delete("/m/model.safetensors");
  await thrown(CheckpointError, () => openCheckpoint(remote), /\/m\/model\.safetensors: .*no such file/);
});

test("a file of the name comes before a shipped model", async () => {
  const here = Deno.cwd();
  try {
    Deno.chdir(folder.path);
    Deno.writeTextFileSync("emoji-64", "mine");
    await thrown(CheckpointError, () => openCheckpoint("emoji-64"), /emoji-64: .*text: "mine"/);
  } finally {
    Deno.chdir(here);
  }
});

test("unknown names and addresses are refused", async () => {
  const refused = (source: ModelSource, message: RegExp) =>
    thrown(CheckpointError, () => openCheckpoint(source), message);
  await refused("nosuch", /a checkpoint, hf:owner\/name, or one of the names emoji-64/);
  await refused(new URL("ftp://example.com/model"), /a file:, http: or https: address, got a ftp:/);
  await refused("http://", /Cannot open http:\/\/: expected an address/);
  const gone = URL.createObjectURL(new Blob());
  URL.revokeObjectURL(gone);
  await refused(gone, /expected the address of a Blob, got one that was revoked/);
  await refused("./none/model.ckpt", /no such file/);
  await thrown(NetworkError, () => openCheckpoint(nowhere("/a.ckpt")), /a\.ckpt: got .*refused/i);
  await thrown(NetworkError, () => openCheckpoint(server.url("/a.ckpt")), /a\.ckpt: got status 404/);
});

test.run();
