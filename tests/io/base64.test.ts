import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromBase64, toBase64 } from "../../src/io/base64.ts";

const test = suite("base64");

test("is what the engine writes, and is read again", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
    const text = toBase64(bytes);
    assert.is(text, bytes.toBase64());
    assert.equal(fromBase64(text), bytes);
  }));
});

test("refuses other text", () => {
  for (const text of ["a", "a*==", "ä"]) assert.throws(() => fromBase64(text));
});

test.run();
