/** The least permissions of each use, as `docs/permissions.md` lists them, with the package from JSR. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HubServer } from "../support/hub_server.ts";
import { shippedModel, shippedSample } from "../support/models.ts";
import { tinyTokenizer, writeImages } from "../train/run/tiny.ts";
import { Registry } from "./registry.ts";

const test = suite("permissions");

const library =
  `import { createImage, encodeImage, Generator, readImage, Tokenizer } from "jsr:@voken/magvit2";
import { createService, serve } from "jsr:@voken/magvit2/service";
import { readRun, train } from "jsr:@voken/magvit2/train";
const load = (model: string | Uint8Array, cache?: false) => Tokenizer.load(model, { backend: "wasm", cache });\n`;

/** What each row of the table does: a script after `library`, or arguments of the command line. */
const uses: Readonly<Record<string, string | readonly string[]>> = {
  "encode and decode, models from bytes": `
    const tokenizer = await load(new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer()));
    const image = createImage({ width: 64, height: 64 });
    await tokenizer.decode(await tokenizer.encode(image));
    for (const format of ["png", "jpeg", "webp"] as const) await readImage(await encodeImage(image, { format }));`,
  "read an image file": `await readImage("ring.png");`,
  "open a model of a file": `await load("model.safetensors");`,
  "open a shipped model, imported from JSR": `
    await load("emoji-64", false);
    const generator = await Generator.load("emoji-64", { backend: "wasm", cache: false });
    await generator.generate({ classIds: "Flags", candidates: 1 });`,
  "open a model of the hub": `await load("hf:voken/small", false);`,
  "serve a model of a file": `
    const tokenizer = await load("model.safetensors");
    await using service = createService({ models: [{ name: "mine", tokenizer }] });
    await using server = await serve(service, { port: 8080 });`,
  "train": `await train(await readRun("run.json", "tokenizer"), { folder: "run" });`,
  "`voken encode ring.png -m model.safetensors -o tokens.npz`": [
    ...["encode", "ring.png", "-m", "model.safetensors", "--backend", "wasm", "-o", "tokens.npz"],
  ],
  "`voken doctor`": ["doctor"],
};

let registry: Registry, hub: HubServer, folder: string, places: Record<string, string>;
const weights = await Deno.readFile(`${shippedModel}/model.safetensors`);

test.before(async () => {
  folder = await Deno.makeTempDir({ prefix: "voken-permissions-" });
  registry = await Registry.start();
  hub = new HubServer();
  await hub.put("voken/small", { "model.safetensors": weights });
  await Deno.writeFile(`${folder}/model.safetensors`, weights);
  await Deno.copyFile(shippedSample("ring"), `${folder}/ring.png`);
  await Deno.writeTextFile(`${folder}/run.json`, JSON.stringify(tinyTokenizer("images.npz", { steps: 2 })));
  writeImages(`${folder}/images.npz`);
  places = {
    "jsr.io": registry.address,
    "huggingface.co": `${new URL(hub.hub.origin).host} --allow-env=HF_ENDPOINT`,
    DOWNLOADS: `${folder}/models`,
  };
});
test.after(async () => {
  await registry?.[Symbol.asyncDispose]();
  await hub?.[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

/** Does one of `uses`, or what a script does, with some flags; resolves to what it said if it failed. */
async function attempt(
  use: string | readonly string[],
  flags: readonly string[],
): Promise<string | undefined> {
  // Left by the attempt before.
  for (const made of ["run", "tokens.npz"]) {
    await Deno.remove(`${folder}/${made}`, { recursive: true }).catch(() => {});
  }
  if (typeof use === "string") await Deno.writeTextFile(`${folder}/use.ts`, library + use);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--quiet", "--no-lock", ...flags],
      ...typeof use === "string" ? ["use.ts"] : ["jsr:@voken/magvit2/cli", ...use],
    ],
    cwd: folder,
    env: {
      ...registry.environment,
      DENO_DIR: `${folder}/cache`,
      VOKEN_CACHE: places.DOWNLOADS!,
      HF_ENDPOINT: hub.hub.origin,
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(weights).then(() => writer.close()).catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return success ? undefined : text.decode(stdout) + text.decode(stderr);
}

/** The flags of a row of the table. */
async function flagsOf(use: string): Promise<string[]> {
  const page = await Deno.readTextFile(new URL("../../docs/permissions.md", import.meta.url));
  const row = page.split("\n").map((line) => line.split("|")).find(([, what]) => what?.trim() === use);
  assert.ok(row, `${use} is not in the table`);
  let flags = row[2]!.replaceAll("`", "").trim();
  for (const [name, place] of Object.entries(places)) flags = flags.replaceAll(name, place);
  return flags ? flags.split(/\s+/) : [];
}

for (const [use, work] of Object.entries(uses)) {
  test(`${use}: with these flags and no fewer`, async () => {
    const flags = await flagsOf(use);
    assert.is(await attempt(work, flags), undefined, flags.join(" "));
    for (const flag of flags) {
      if (flag === "--allow-env=HF_ENDPOINT") continue;
      const error = await attempt(work, flags.filter((other) => other !== flag));
      assert.ok(error?.includes(flag.split("=")[0]!), `without ${flag}: ${error}`);
    }
  });
}

test("downloads are kept with these flags, and not without", async () => {
  const [net] = await flagsOf("open a shipped model, imported from JSR"),
    flags = await flagsOf("keep downloads");
  const load = `await load("emoji-64");`;
  for (const flag of flags) {
    assert.is(await attempt(load, [net!, ...flags.filter((other) => other !== flag)]), undefined);
    assert.match((await attempt(load, flags))!, /--allow-net=/, `kept without ${flag}`);
  }
  assert.is(await attempt(load, [net!, ...flags]), undefined);
  assert.is(await attempt(load, flags), undefined);
});

test.run();
