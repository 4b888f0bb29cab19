import { suite } from "uvu";
import * as assert from "uvu/assert";
import { countTests } from "../../../bench/gpu/check.ts";
import type { Ceiling, Result } from "../../../bench/gpu/part.ts";
import { type PyTorch, summaryRows } from "../../../bench/gpu/summary.ts";

const test = suite("summary of measurements on a GPU");

const ceilings: readonly Ceiling[] = [{ ceiling: "fma", value: 50e12 }, { ceiling: "copy", value: 4e12 }];
const times = (ms: Record<string, number | null>, of: object) =>
  Object.entries(ms).map(([mode, ms]) => ({ ...of, mode, ms }) as PyTorch["times"][number]);
const pytorch: PyTorch = {
  device: "a card",
  torch: "2",
  times: [
    ...times({ f32: 8, bf16: null }, { what: "train", model: "m", batch: 8, size: 256 }),
    ...times({ f32: 2, tf32: 1, bf16: null }, { what: "train", model: "m", batch: 8, size: 128 }),
    ...times({ f32: 0.5 }, { what: "matvec", model: "1024x1024", batch: 2 }),
  ],
};

test("rates are those on the device, ratios those of the same case in f32", () => {
  const result: Result = {
    what: "train",
    model: "m",
    batch: 8,
    mode: "f32",
    size: 128,
    ms: 3,
    deviceMs: 2,
    flop: 5e10,
  };
  assert.equal(summaryRows([result], { ceilings, pytorch }), [
    ["train m 128²", "8", "f32", "3.000", "2.000", "25.0", "50%", "", "", "2.000", "1.000", "", "1.50×", ""],
  ]);
});

test("bytes have their share of copies, tfjs its ratio; what is not known stays empty", () => {
  const matvec: Result = { what: "matvec", model: "1024x1024", batch: 2, mode: "q8", ms: 0.001, bytes: 1e6 };
  const conv: Result = { what: "conv", model: "128@256", batch: 1, mode: "f32", ms: 2, tfjsMs: 9 };
  assert.equal(summaryRows([matvec, conv], { ceilings: ceilings.slice(1), pytorch }), [
    ["matvec 1024x1024", "2", "q8", "0.001", "", "", "", "1000", "25%", "0.500", "", "", "0.00×", ""],
    ["conv 128@256", "1", "f32", "2.000", "", "", "", "", "", "", "", "", "", "4.50×"],
  ]);
});

test("tests are counted over all suites of a file, and not where it ended before", () => {
  const suites =
    "  Total:     5\n  \x1b[32mPassed:    4\x1b[39m\n  Skipped:   0\n\n  Total:     3\n  Passed:    3\n";
  assert.equal(countTests(`ops • • ✘\n\n${suites}`), { passed: 7, total: 8 });
  assert.equal(countTests("ops • •"), { passed: 0, total: 0 });
});

test.run();
