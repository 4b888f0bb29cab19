import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Ceiling, Result } from "../../../bench/gpu/part.ts";
import { writePack } from "../../../bench/gpu/pack.ts";
import { missingAdapter } from "../../backend/adapter.ts";
import { skipIf } from "../../support/skip.ts";

const test = suite("the pack for machines with a GPU");
const each = skipIf(missingAdapter, test);

each("runs from its folder alone, and leaves what it measured", async () => {
  const folder = await Deno.makeTempDir();
  await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  // Deno takes 31 MB of 40.
  const bytes = await writePack(`${folder}/pack`, { deno: false });
  assert.ok(bytes < 9e6, `${bytes} bytes without Deno`);

  // Nothing of the repository is there, nor what was downloaded for it.
  const options = { cwd: `${folder}/pack`, env: { DENO_DIR: `${folder}/deno` } };
  const run = async (...args: string[]) => {
    const all = ["run", "-A", "--no-remote", "--no-npm", "run.js", "--small", ...args];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { ...options, args: all }).output();
    return { success, errors: new TextDecoder().decode(stderr) };
  };
  const { success, errors } = await run("ceilings", "tokenizer", "--json", "../results.json");
  assert.ok(success, errors);
  const { ceilings, results, failed } = JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
  assert.equal(failed, []);
  assert.equal(
    ceilings.map(({ ceiling }: Ceiling) => ceiling),
    ["fma", "copy", "dispatch", "round trip"],
  );
  assert.ok(ceilings.every(({ value }: Ceiling) => value > 0 && Number.isFinite(value)));
  assert.equal(results.map(({ what }: Result) => what), ["encode", "decode"]);
  assert.ok(results.every(({ ms, flop }: Result) => ms > 0 && flop! > 0));

  assert.match((await run("nothing")).errors, "Cannot run nothing: expected some of check ceilings");
});

test.run();
