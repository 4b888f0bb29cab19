import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHub } from "../../src/models/hub_place.ts";
import { knownModels } from "../../src/models/known.ts";

const test = suite("published models");

test("each is a file on the hub, named once, and described in the documentation", () => {
  const names = knownModels.map(({ name }) => name), docs = Deno.readTextFileSync("docs/model.md");
  assert.is(new Set(names).size, names.length);
  for (const { name, source } of knownModels) {
    assert.match(parseHub(source).file!, /\.ckpt$/);
    assert.match(docs, name);
  }
  const readme = Deno.readTextFileSync("README.md");
  for (const { name } of knownModels) assert.ok(readme.includes(name), name);
});

test.run();
