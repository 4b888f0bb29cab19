import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("codec packages");

test("the codecs' files come from the versions that deno.json imports", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  let found = 0;
  for (const name of ["jpeg", "png", "webp"]) {
    const source = await Deno.readTextFile(new URL(`../../src/image/codec_${name}.ts`, import.meta.url));
    for (const [specifier] of source.matchAll(/npm:@jsquash\/[a-z]+@[^/]+/g)) {
      assert.is(specifier, imports[`@jsquash/${name}`]);
      found++;
    }
  }
  assert.is(found, 5);
});

test.run();
