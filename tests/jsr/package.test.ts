/** The package as Deno gets it from JSR, in an empty folder and with an empty cache. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { version } from "../../src/version.ts";
import { shippedSample } from "../support/models.ts";
import { Registry } from "./registry.ts";

const test = suite("the package on JSR");

const uses = new URL("uses.ts", import.meta.url).pathname;

let registry: Registry, folder: string, env: Record<string, string>;

test.before(async () => {
  folder = await Deno.makeTempDir({ prefix: "voken-jsr-" });
  registry = await Registry.start();
  env = { ...registry.environment, DENO_DIR: `${folder}/cache`, VOKEN_CACHE: `${folder}/models` };
});
test.after(async () => {
  await registry?.[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

/** Runs a program in the folder, and gives what it prints. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd: folder, env }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.ok(success, `${args.join(" ")}: ${said}${errors}`);
  return said!;
}

test("it has at most 8 MB", () => {
  assert.ok(registry.size <= 8e6, `${registry.size} bytes`);
});

test("deno add adds it, and every module works there", async () => {
  await run(Deno.execPath(), "add", "jsr:@voken/magvit2");
  await Deno.copyFile(shippedSample("ring"), `${folder}/ring.png`);
  await Deno.copyFile(uses, `${folder}/uses.ts`);
  const { codecs, ...others } = JSON.parse(await run(Deno.execPath(), "run", "-A", "uses.ts"));
  assert.equal(others, {
    psnr: "31.84",
    opened: true,
    served: [[200, "31.84"], [200, "31.84"]],
    generated: 256,
    presets: 13,
  });
  assert.is(codecs.png, null, "infinite");
  assert.ok(codecs.jpeg > 30 && codecs.webp > 30, JSON.stringify(codecs));
});

test("the command line runs, and can be installed", async () => {
  const cli = "jsr:@voken/magvit2/cli";
  assert.match(
    await run(Deno.execPath(), "run", "-A", cli, "encode", "ring.png", "-o", "ring.npz"),
    /16×16 tokens/,
  );
  await run(Deno.execPath(), "install", "--global", "-A", "--root", folder, "--name", "voken", cli);
  assert.is(await run(`${folder}/bin/voken`, "--version"), `${version}\n`);
});

test.run();
