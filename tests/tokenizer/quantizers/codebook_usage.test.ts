import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CodebookUsage } from "../../../src/tokenizer/quantizers/codebook_usage.ts";

const test = suite("usage of a codebook");

test("counts different codes", () => {
  const usage = new CodebookUsage({ codebookSize: 8 });
  assert.equal([usage.codes, usage.utilization], [0, 0]);
  usage.add(Uint32Array.of(3, 3, 0));
  usage.add(Uint32Array.of(0, 7));
  assert.equal([usage.codes, usage.utilization], [3, 3 / 8]);
});

test.run();
