import { suite } from "uvu";
import * as assert from "uvu/assert";
import { matrixTable } from "./matrix.ts";

const test = suite("the table of hosts");

test("stands in the README", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  // Its lines are wrapped.
  const inline = (text: string) => text.replaceAll(/\s+/g, " ");
  assert.ok(
    inline(readme).includes(inline(matrixTable())),
    "write there what `deno run tests/npm/matrix.ts` prints",
  );
});

test.run();
