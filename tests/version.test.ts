import { suite } from "uvu";
import * as assert from "uvu/assert";
import manifest from "../deno.json" with { type: "json" };
import { version } from "../src/version.ts";

const test = suite("version");

test("is that of deno.json", () => {
  assert.is(version, manifest.version);
});

test.run();
