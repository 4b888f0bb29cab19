import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exp, keptWeights, philox } from "../../../src/backend/reference/sampling.ts";
import { u32Tensor } from "../../../src/tensor/tensor.ts";
import { nmse, readGolden } from "../../golden/golden.ts";
import { hashed } from "../../golden/hashed.ts";

const test = suite("sampling on the reference backend");

test("temperature, top-k and top-p keep and weigh as PyTorch does", async () => {
  const golden = await readGolden("sampling_filter");
  const cases = JSON.parse(golden.metadata.cases!) as {
    top_k: number;
    top_p: number;
    temperature: number;
    kept: number[];
  }[];
  const logits = hashed("sampling.logits", [3, 64], { scale: 6 });
  cases.forEach(({ top_k: topK, top_p: topP, temperature, kept }, i) => {
    const expected = golden.tensor(`probs.${i}`).data;
    kept.forEach((count, row) => {
      const weights = keptWeights(logits.subarray(64 * row, 64 * row + 64), { temperature, topK, topP });
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      assert.is(weights.filter((weight) => weight > 0).length, count, `case ${i}, row ${row}`);
      const error = nmse(weights.map((weight) => weight / total), expected.subarray(64 * row, 64 * row + 64));
      assert.ok(error < 1e-12, `case ${i}, row ${row}: NMSE ${error}`);
    });
  });
});

test("Philox gives the known answers of its authors", () => {
  const cases = [
    [[0, 0], [0, 0, 0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const;
  for (const [key, counter, expected] of cases) {
    const words = philox(
      {
        key: u32Tensor([1, 2], Uint32Array.from(key)),
        counter: u32Tensor([1, 4], Uint32Array.from(counter)),
      },
      {},
      { shape: [1, 4], dtype: "u32" },
    );
    assert.equal([...words.data], [...expected]);
  }
});

test("exp is right to 1e-14 and ends at zero", () => {
  for (let x = 0; x > -700; x -= 0.37) assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-14, String(x));
  assert.is(exp(0), 1);
  assert.is(exp(-Infinity), 0);
});

test.run();
