import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Generator, type ModelHints, type ModelSource, Tokenizer, Transformer } from "../../mod.ts";
import {
  convertCheckpoint,
  convertTransformer,
  createBackend,
  inspectCheckpoint,
  openCheckpoint,
} from "../../src/advanced.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { scratch } from "../cli/support.ts";
import { digestOf } from "../support/file_server.ts";
import { HubServer } from "../support/hub_server.ts";
import { shippedModel } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";

const test = suite("loaders and sources");
const backend = await createBackend("reference");

/** Every loader, and what tells that it loaded the same. */
const loaders: Readonly<Record<string, (source: ModelSource, hints: ModelHints) => Promise<unknown>>> = {
  "Tokenizer.load": async (source) => {
    await using tokenizer = await Tokenizer.load(source, { backend });
    return [tokenizer.config, tokenizer.codebookSize];
  },
  "Transformer.load": async (source, hints) => {
    await using transformer = await Transformer.load(source, { backend, ...hints });
    return transformer.config;
  },
  "Generator.load": async (source, hints) => {
    await using generator = await Generator.load(source, { backend, ...hints });
    return [generator.config, generator.size];
  },
  "Generator.load, tokenizer": async (tokenizer) => {
    await using generator = await Generator.load(smallModel, { backend, tokenizer });
    return [generator.config, generator.size];
  },
  openCheckpoint: async (source) => {
    await using checkpoint = await openCheckpoint(source);
    return [...await checkpoint.read("decoder.conv_out.weight")];
  },
  inspectCheckpoint: async (source) => (await inspectCheckpoint(source)).tokenizer?.config,
  convertCheckpoint: (source) => converted((folder) => convertCheckpoint(source, folder)),
  convertTransformer: (source, hints) => converted((folder) => convertTransformer(source, folder, hints)),
};

/** What a conversion says, and the digest of the weights that it wrote. */
async function converted(convert: (folder: string) => Promise<unknown>): Promise<unknown> {
  using folder = scratch();
  const said = await convert(folder.path);
  const [weights] = [...Deno.readDirSync(folder.path)].filter(({ name }) => name.endsWith(".safetensors"));
  return [said, await digestOf(Deno.readFileSync(folder.at(weights!.name)))];
}

let folder: ReturnType<typeof scratch>, server: HubServer;

test.before(() => {
  folder = scratch();
  server = new HubServer();
  Deno.env.set("VOKEN_CACHE", folder.at("cache"));
  Deno.env.set("HF_ENDPOINT", server.hub.origin);
});

test.after(async () => {
  Deno.env.delete("HF_ENDPOINT");
  Deno.env.delete("VOKEN_CACHE");
  await server[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The files of the model as one checkpoint that holds both parts. */
async function wholeFile(): Promise<string> {
  const path = folder.at("whole.safetensors");
  await using tokenizer = await openCheckpoint(smallModel);
  await using transformer = await openCheckpoint(`${smallModel}/transformer.safetensors`);
  const tensors = [tokenizer, transformer].flatMap((part) =>
    [...part.tensors].map(([name, { shape }]) => ({
      name,
      shape,
      dtype: "f32" as const,
      data: async () => new Uint8Array((await part.read(name)).slice().buffer),
    }))
  );
  await writeSafetensors(path, { tensors });
  return path;
}

/** Asserts that each loader gives the same for all sources. */
async function checkAll(
  sources: Readonly<Record<string, ModelSource>>,
  hints: ModelHints = {},
): Promise<void> {
  for (const [name, load] of Object.entries(loaders)) {
    let first: unknown;
    for (const [kind, source] of Object.entries(sources)) {
      const loaded = await load(source, hints).catch((error) =>
        assert.unreachable(`${name} from ${kind}: ${error}`)
      );
      assert.equal(loaded, first ??= loaded, `${name} from ${kind}`);
    }
  }
}

test("every loader takes every source of a folder", async () => {
  const names = [...Deno.readDirSync(smallModel)].map(({ name }) => name);
  const files = Object.fromEntries(names.map((name) => [name, Deno.readFileSync(`${smallModel}/${name}`)]));
  await server.put("owner/name", files);
  for (const [name, bytes] of Object.entries(files)) server.hub.put(`/m/${name}`, bytes);
  const local = new URL(`file://${smallModel}`), remote = server.hub.url("/m/");
  await checkAll({
    path: smallModel,
    "path with a slash": `${smallModel}/`,
    "file: URL": local,
    "file: text": local.href,
    address: remote,
    "text of an address": remote.href,
    hub: "hf:owner/name",
    "hub, revision": "hf:owner/name@main",
  });
});

test("every loader takes every source of a file", async () => {
  const path = await wholeFile(), bytes = Deno.readFileSync(path), url = new URL(`file://${path}`);
  await server.put("owner/whole", { "whole.safetensors": bytes });
  const remote = server.hub.put("/whole.safetensors", bytes);
  await checkAll({
    path,
    "file: URL": url,
    "file: text": url.href,
    address: remote,
    "text of an address": remote.href,
    hub: "hf:owner/whole/whole.safetensors",
    Blob: new Blob([bytes]),
    File: new File([bytes], "whole.safetensors"),
    "blob: text": URL.createObjectURL(new Blob([bytes])),
    "blob: URL": new URL(URL.createObjectURL(new Blob([bytes]))),
    Uint8Array: bytes,
    "part of a buffer": new Uint8Array([0, ...bytes]).subarray(1),
    ArrayBuffer: bytes.buffer,
  }, { heads: 4, grid: 8 });
});

test("every loader takes the name of a shipped model", () =>
  checkAll({ name: "emoji-64", path: shippedModel }));

test.run();
