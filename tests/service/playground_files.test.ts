/** What the playground's pages load is there. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import names from "../../src/transformer/imagenet_classes.json" with { type: "json" };
import { doubled } from "./support.ts";

const test = suite("files of the playground");

test("every module that the pages import is a script, and so is what that one imports", async () => {
  const { service } = doubled();
  await using _end = service;
  const found = new Set<string>(), open = ["main.js", "local.js", "docs.js"];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    // Pages encode no files.
    if (found.has(name) || name === "codec_png.js") continue;
    found.add(name);
    const response = await service.request(`/playground/${name}`);
    assert.is(response.status, 200, name);
    assert.match(response.headers.get("content-type")!, /^text\/javascript/);
    const imports = (await response.text()).matchAll(/(?:from|import\()\s*"\.\/([\w.]+)"/g);
    open.push(...imports.map(([, other]) => other!));
  }
  for (const name of ["_generated.js", "_generated_relaxed.js", "imagenet_classes.js"]) {
    assert.ok(found.has(name), name);
  }
});

test("names of classes are a module", async () => {
  const { service } = doubled();
  await using _end = service;
  const source = await (await service.request("/playground/imagenet_classes.js")).text();
  assert.equal((await import(`data:text/javascript,${encodeURIComponent(source)}`)).default, names);
});

test.run();
