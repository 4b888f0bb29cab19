import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFiles } from "../../src/models/open.ts";
import { shippedModel } from "../../src/models/shipped.ts";
import { CheckpointError, NetworkError } from "../../src/tensor/errors.ts";
import { scratch } from "../cli/support.ts";
import { FileServer } from "../support/file_server.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("shipped models");

const models = new URL("../../models/", import.meta.url);

test("a package that came over a network fetches its models there, once, and checks them", async () => {
  using cache = scratch();
  await using server = new FileServer();
  Deno.env.set("VOKEN_CACHE", cache.path);
  const names = ["config.json", "model.safetensors"];
  for (const name of names) {
    server.put(`/models/emoji-64/${name}`, Deno.readFileSync(new URL(`emoji-64/${name}`, models)));
  }
  const load = async (folder: string) => {
    await using checkpoint = await openFiles(shippedModel("emoji-64", { folder: server.url(folder) }));
    return checkpoint.tensors.size;
  };
  const count = await load("/models/");
  assert.ok(count > 100);
  const requests = server.seen.length;
  // Wherever the package comes from the next time, its model is known.
  assert.is(await load("/other/"), count);
  assert.is(server.seen.length, requests);
  Deno.removeSync(cache.path, { recursive: true });
  await thrown(NetworkError, () => load("/other/"), /other\/emoji-64\/model\.safetensors: got status 404/);
  server.put("/models/emoji-64/model.safetensors", new Uint8Array(6_622_010));
  await thrown(CheckpointError, () => load("/models/"), /model\.safetensors: its SHA-256 digest: expected/);
});

test.run();
