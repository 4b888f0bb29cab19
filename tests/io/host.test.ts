import { suite } from "uvu";
import * as assert from "uvu/assert";
import { environment, files, look, nodeWorkers, pathOf, permitted } from "../../src/io/host.ts";
import { inFolder } from "./support.ts";

const test = suite("host");

const module = new URL("../../src/io/host.ts", import.meta.url).href;

/** Runs a script of Deno, to which `host` is the module, with these permissions alone; gives what it prints. */
async function run(script: string, permissions: readonly string[] = []): Promise<string> {
  const code = `const host = await import(${JSON.stringify(module)}); ${script}`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, `data:application/javascript,${encodeURIComponent(code)}`],
    env: { NO_COLOR: "1", VOKEN_TEST: "yes" },
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

test("files and threads of this host are Node's", async () => {
  await inFolder(async (folder) => {
    await files().writeFile(`${folder}/a b`, "text");
    assert.is(await Deno.readTextFile(`${folder}/a b`), "text");
    assert.is(await look(`${folder}/a b`), "file");
    assert.is(await look(folder), "folder");
    assert.is(await look(`${folder}/none`), undefined);
  });
  assert.is(await look("/dev/null"), "other");
  assert.type(nodeWorkers()?.Worker, "function");
});

test("paths are taken from file: URLs", () => {
  assert.is(pathOf("a%20b"), "a%20b");
  assert.is(pathOf(new URL("file:///a%20b/c")), "/a b/c");
});

test("a variable that must not be read is not set", async () => {
  const script = `console.log(host.environment("VOKEN_TEST"), host.environment("VOKEN_NONE"))`;
  assert.is(await run(script), "undefined undefined\n");
  assert.is(await run(script, ["--allow-env=VOKEN_TEST"]), "yes undefined\n");
  assert.is(environment("VOKEN_NONE"), undefined);
});

test("permissions are those that were granted", async () => {
  assert.ok(permitted({ name: "read", path: "/tmp" }));
  const script =
    `console.log(["read", "write"].map((name) => host.permitted({ name, path: "/tmp" })).join())`;
  assert.is(await run(script, ["--allow-read=/tmp"]), "true,false\n");
});

test("without Node's modules there are no files, which is a typed error, no threads and no variables", async () => {
  const script = `
    console.log(host.nodeWorkers(), host.environment("HOME"), host.platform(), await host.look("/"));
    try { host.files(); } catch (error) { console.log(error.name, error.message); }`;
  const said = await run(`delete globalThis.process; delete globalThis.Deno; ${script}`);
  assert.match(said, /^undefined undefined undefined undefined\n/);
  assert.match(said, /FileError Cannot use files here: expected a host with a file system.*; give bytes/);
});

test.run();
