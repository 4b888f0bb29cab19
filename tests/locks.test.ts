import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("the lock files");

interface Lock {
  /** From what is imported (`npm:name@range`) to the version. */
  specifiers: Record<string, string>;
}

interface Configuration {
  compilerOptions: object;
  fmt: { lineWidth: number };
}

const root = new URL("../", import.meta.url);
const folders = [
  "tests",
  "bench",
  "wasm",
  "npm",
  "docs/site",
  "examples",
  "tests/onnxruntime",
  "tests/deploy",
];

/** Reads a JSON file by its path from the root. */
async function read<T>(path: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(path, root))) as T;
}

test("agree on the version of every package", async () => {
  const { specifiers } = await read<Lock>("deno.lock");
  const tests = (await read<Lock>("tests/deno.lock")).specifiers;
  for (const folder of folders) {
    const own = (await read<Lock>(`${folder}/deno.lock`)).specifiers;
    for (const [specifier, version] of Object.entries(own)) {
      const expected = specifiers[specifier] ?? tests[specifier] ?? version;
      assert.is(version, expected, `${folder}/deno.lock: ${specifier}`);
    }
  }
});

test("belong to configurations that check and format alike", async () => {
  const { compilerOptions, fmt } = await read<Configuration>("deno.json");
  for (const folder of folders) {
    const own = await read<Configuration>(`${folder}/deno.json`);
    assert.equal({ ...own.compilerOptions, ...compilerOptions }, own.compilerOptions, folder);
    assert.is(own.fmt.lineWidth, fmt.lineWidth, folder);
  }
});

test.run();
