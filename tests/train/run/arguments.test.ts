import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError } from "../../../src/tensor/errors.ts";
import type { Run } from "../../../src/train/config/run.ts";
import { train } from "../../../src/train/train.ts";
import { scratch } from "../../cli/support.ts";
import { thrown } from "../../support/thrown.ts";
import { tinyTokenizer, tinyTransformer } from "./tiny.ts";

const test = suite("configurations that were changed");

/** The paths of all fields of an object. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  const below = Object.entries(value).flatMap(([name, field]) => pathsOf(field, [...path, name]));
  return path.length > 0 ? [path, ...below] : below;
}

/** A copy with another value at a path. */
function changed(value: object, [name, ...rest]: readonly string[], to: unknown): object {
  const field = (value as Record<string, object>)[name!]!;
  return { ...value, [name!]: rest.length > 0 ? changed(field, rest, to) : to };
}

for (const run of [tinyTokenizer("images.npz"), tinyTransformer("images.npz", "emoji-64")]) {
  test(`whatever field of a ${run.stage}'s is wrong, it is named before anything is written`, async () => {
    using folder = scratch();
    for (const path of pathsOf(run)) {
      // No field is a function, and none is called so.
      for (const wrong of [changed(run, path, () => {}), changed(run, [...path.slice(0, -1), "thread"], 2)]) {
        const into = folder.at("run");
        const error = await thrown(
          ArgumentError,
          () => train(wrong as Run, { folder: into }),
          /^Cannot train/,
        );
        assert.ok(error.expected && error.got, error.message);
        const named = new RegExp(`: ([\\w.]*\\.)?(${path.at(-1)}|thread) of |: run: .* with stage,`);
        assert.match(error.message, named, path.join("."));
        assert.equal([...Deno.readDirSync(folder.path)], []);
      }
    }
  });
}

test("what is no configuration is refused before anything is written", async () => {
  using folder = scratch();
  for (const run of [undefined, null, {}, [], 5, "run.json", { stage: "both" }, { stage: "tokenizer" }]) {
    await thrown(ArgumentError, () => train(run as never, { folder: folder.at("run") }), /^Cannot train: /);
    assert.equal([...Deno.readDirSync(folder.path)], []);
  }
});

test.run();
