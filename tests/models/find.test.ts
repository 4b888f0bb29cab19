import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError } from "../../src/tensor/errors.ts";
import { modelNames, openModel } from "../../src/models/find.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";

const test = suite("models by name");

const models = new URL("../../models/", import.meta.url);
const weights = new URL("emoji-64/model.safetensors", models);

test("the names are those of the folder", () => {
  const folders = [...Deno.readDirSync(models)].filter(({ isDirectory }) => isDirectory);
  assert.equal(modelNames, folders.map(({ name }) => name).sort());
});

test("a name, a folder, a file, a URL, a blob and bytes are the same model", async () => {
  const bytes = Deno.readFileSync(weights);
  const folder = new URL("emoji-64", models);
  const sources = ["emoji-64", folder, folder.pathname, weights, weights.pathname, new Blob([bytes]), bytes];
  const shapes = [];
  for (const source of sources) {
    await using checkpoint = await openModel(source);
    shapes.push([...checkpoint.tensors].map(([name, { shape }]) => `${name} ${shape}`).join());
  }
  assert.is(new Set(shapes).size, 1);
  await using tokenizer = await Tokenizer.load(bytes, { threads: 1 });
  assert.equal([tokenizer.codebookSize, tokenizer.factor, tokenizer.backend], [2 ** 18, 4, "wasm"]);
});

test("a file of the name comes before a shipped model", async () => {
  const folder = Deno.makeTempDirSync(), here = Deno.cwd();
  try {
    Deno.chdir(folder);
    Deno.writeTextFileSync("emoji-64", "mine");
    await refused(() => openModel("emoji-64"), /Cannot open emoji-64: .*starting 6d 69 6e 65/);
  } finally {
    Deno.chdir(here);
    Deno.removeSync(folder, { recursive: true });
  }
});

test("a package that came over a network fetches its models there", async () => {
  const seen: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    seen.push(pathname);
    return pathname.startsWith("/models/")
      ? new Response(Deno.readFileSync(weights))
      : new Response("none", { status: 404 });
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  await using checkpoint = await openModel("emoji-64", { folder: new URL(`${base}/models/`) });
  assert.is(checkpoint.tensors.size, 113);
  assert.equal(seen, ["/models/emoji-64/model.safetensors"]);
  await refused(
    () => openModel("emoji-64", { folder: new URL(`${base}/other/`) }),
    /Cannot fetch .*: got status 404; download the model/,
  );
});

test("unknown names and addresses are refused", async () => {
  await refused(
    () => openModel("nosuch"),
    /expected the path of a checkpoint, or one of the names emoji-64/,
  );
  await refused(() => openModel(new URL("https://example.com/model")), /expected a local file/);
  await refused(() => openModel("./none/model.ckpt"), /no such file/);
});

async function refused(work: () => Promise<unknown>, message: RegExp): Promise<void> {
  try {
    await work();
  } catch (error) {
    assert.instance(error, CheckpointError);
    return assert.match((error as Error).message, message);
  }
  assert.unreachable("nothing was thrown");
}

test.run();
