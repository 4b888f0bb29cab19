import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readImage, readTokens } from "../../mod.ts";
import { scratch } from "../cli/support.ts";
import { shippedSample } from "../support/models.ts";
import { runExample } from "./support.ts";

const test = suite("the example photo.ts");

test("writes the tokens of an image, and the image of the tokens", async () => {
  using folder = scratch();
  const said = await runExample("photo.ts", { args: [shippedSample("ring"), "ring.png"], cwd: folder.path });
  assert.match(said, /^64×64 tokens in tokens\.npz keep 3\d\.\d\d dB of the photo\n$/);
  const [tokens] = await readTokens(folder.at("tokens.npz"));
  assert.equal(tokens!.grid, [64, 64]);
  const { width, height } = await readImage(folder.at("ring.png"));
  assert.equal([width, height], [256, 256]);
});

test("says what is missing", async () => {
  using folder = scratch();
  try {
    await runExample("photo.ts", { args: [], cwd: folder.path });
    assert.unreachable("it ran without a photo");
  } catch (error) {
    assert.match((error as Error).message, /Give the path of a photo/);
  }
});

test.run();
