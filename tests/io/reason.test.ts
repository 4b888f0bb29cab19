import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isMissing, isSystemError, reasonOf } from "../../src/io/reason.ts";

const test = suite("reasons of the file system");

/** The error of a call that fails in a process without permissions. */
async function refused(call: string): Promise<string> {
  const reason = new URL("../../src/io/reason.ts", import.meta.url).href;
  const code = `import { reasonOf } from ${JSON.stringify(reason)};
    import fs from "node:fs/promises";
    await (async () => ${call})().catch((error) => console.log(reasonOf(error)));`;
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(path, code);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "--no-prompt", path] }).output();
  await Deno.remove(path);
  return new TextDecoder().decode(stdout).trim();
}

test("the flag of Deno that is missing is named, with its place", async () => {
  assert.is(await refused('fs.readFile("/a/b.png")'), "no permission: run Deno with --allow-read=/a/b.png");
  assert.is(await refused('fs.readFile("/a b.png")'), "no permission: run Deno with --allow-read");
  assert.is(await refused('fs.mkdir("/a")'), "no permission: run Deno with --allow-write=/a");
  assert.is(
    await refused('fetch("http://127.0.0.1:9999/")'),
    "no permission: run Deno with --allow-net=127.0.0.1:9999",
  );
});

test("codes of Node have words", async () => {
  const error = await Deno.lstat("/none/at/all").catch((error) => error);
  assert.is(reasonOf(error), "no such file or folder");
  assert.ok(isMissing(error) && isSystemError(error));
  const full = Object.assign(new Error("x"), { code: "ENOSPC" });
  assert.is(reasonOf(full), "no space left on the device");
  assert.not(isMissing(full));
  assert.not(isSystemError(new RangeError("mine")));
});

test.run();
