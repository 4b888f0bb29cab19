import { suite } from "uvu";
import * as assert from "uvu/assert";
import { classNumber } from "../../src/transformer/classes.ts";
import { imagenetClasses } from "../../src/transformer/classes.ts";

const test = suite("names of ImageNet's classes");

test("there are a thousand, and well-known ones stand at their numbers", async () => {
  const names = await imagenetClasses();
  assert.is(names.length, 1000);
  const known = { tench: 0, "golden retriever": 207, "tabby cat": 281, "toilet paper": 999 };
  for (const [name, number] of Object.entries(known)) {
    assert.is(classNumber(name, { classes: 1000, names }), number);
  }
});

test.run();
