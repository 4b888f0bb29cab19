import { suite } from "uvu";
import * as assert from "uvu/assert";
import { differences } from "./digests.ts";

const test = suite("pictures as people have them");

test("each is what Pillow reads, or refused as it refuses", async () => {
  const folder = new URL("../golden/pictures", import.meta.url).pathname;
  const { count, differing } = await differences(folder);
  assert.ok(count > 0);
  assert.equal(differing, []);
});

test.run();
