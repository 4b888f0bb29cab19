import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatHub, parseHub } from "../../src/models/hub_place.ts";
import { CheckpointError } from "../../src/tensor/errors.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("places on the hub");

test("owner, name, revision and file are told apart", () => {
  const place = { owner: "o", name: "n.x", revision: "main", file: undefined };
  assert.equal(parseHub("hf:o/n.x"), place);
  assert.equal(parseHub("hf:o/n.x@v1.0"), { ...place, revision: "v1.0" });
  assert.equal(parseHub("hf:o/n.x@refs%2Fpr%2F1/a/b.ckpt"), {
    ...place,
    revision: "refs/pr/1",
    file: "a/b.ckpt",
  });
  assert.equal(parseHub("hf:o/n.x/a@b.ckpt"), { ...place, file: "a@b.ckpt" });
});

test("a place that is written is read again", () => {
  const word = fc.stringMatching(/^\w[\w.-]*$/), text = fc.string({ minLength: 1 });
  const file = fc.option(fc.stringMatching(/^\w[^/]*(\/\w[^/]*)?$/), { nil: undefined });
  fc.assert(fc.property(word, word, text, file, (owner, name, revision, file) => {
    const place = { owner, name, revision, file: file?.replace(/[\n\r\u2028\u2029]/g, "") };
    assert.equal(parseHub(formatHub(place)), place);
  }));
});

test("other forms are refused", async () => {
  for (const source of ["hf:", "hf:o", "hf:o/", "hf:/n", "hf:o/n/", "hf:../n", "hf:o/n/../x", "hf:o/n?x"]) {
    await thrown(CheckpointError, () => parseHub(source), /expected hf:owner\/name, hf:owner\/name@revision/);
  }
});

test.run();
