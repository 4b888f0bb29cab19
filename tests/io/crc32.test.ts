import { suite } from "uvu";
import * as assert from "uvu/assert";
import { crc32 } from "../../src/io/crc32.ts";

const test = suite("CRC-32");

test("the check value of the standard", () => {
  assert.is(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.is(crc32(new Uint8Array()), 0);
});

test.run();
