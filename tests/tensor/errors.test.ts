import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError } from "../../src/tensor/errors.ts";

const test = suite("errors");

const root = new URL("../../", import.meta.url);

/** The TypeScript files below a folder of the repository, generated ones left out. */
async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts") && !name.startsWith("_generated")) yield folder + name;
  }
}

/** The matches of `pattern` in the library's own code, each with its file. */
async function findings(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ["src/", "workers/", "tools/"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, root));
      found.push(...text.matchAll(pattern).map(([match]) => `${path}: ${match}`));
    }
  }
  return found;
}

test("a message is one sentence: subject, what was expected, what came, what to do", () => {
  const error = new ArgumentError("Cannot crop", { expected: "a size of 8", got: "9", hint: "resize first" });
  assert.is(error.message, "Cannot crop: expected a size of 8, got 9; resize first");
  assert.is(new ArgumentError("Cannot crop").message, "Cannot crop");
});

test("typed errors begin with Cannot or Expected", async () => {
  const typed =
    /new (?!Invalid)\w*(?:Argument|Shape|Checkpoint|File|Image|Data|Backend|Numeric|Header)Error\(\s*["`](?!Cannot |Expected |\$\{(?:cause\.)?subject\}).{0,60}/g;
  assert.equal(await findings(typed), []);
});

test("hints continue the sentence: they begin in lower case and end without a full stop", async () => {
  assert.equal(await findings(/\bhint:[^,;\n]*?["`][A-Z][a-z ].{0,60}/g), []);
  assert.equal(await findings(/\bhint:.*[a-z]\.["`],?$/gm), []);
});

test.run();
