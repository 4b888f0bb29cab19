import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bf16ToNumber, f16ToNumber, numbersToF16, numberToF16 } from "../../src/tensor/dtype.ts";

const test = suite("dtype");

test("every half survives the way to a number and back", () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = f16ToNumber(bits);
    if (Number.isNaN(value)) assert.ok((numberToF16(value) & 0x7fff) > 0x7c00);
    else assert.is(numberToF16(value), bits, `0x${bits.toString(16)}`);
  }
});

test("numbers between two f16 values round to the nearer one, ties to even", () => {
  const native = new Float16Array(1);
  const bits = new Uint16Array(native.buffer);
  for (let i = 0; i < 20_000; i++) {
    const value = Math.fround(Math.sin(i) * 2 ** ((i % 60) - 35));
    native[0] = value;
    assert.is(numberToF16(value), bits[0], String(value));
  }
});

test("the engine rounds many numbers to the same halves as one", () => {
  const bits = Uint32Array.from({ length: 1 << 18 }, (_, i) => Math.imul(i, 0x9e3779b1));
  const values = new Float32Array(bits.buffer);
  values.set([65519.9, 65520, 2 ** -25, -(2 ** -24), -0, Infinity, NaN]);
  numbersToF16(values).forEach((half, i) => {
    const expected = Number.isNaN(values[i]) ? half : numberToF16(values[i]!);
    assert.is(half, expected, `${values[i]}`);
    if (Number.isNaN(values[i])) assert.ok(Number.isNaN(f16ToNumber(half)));
  });
});

test("bfloat16 is the upper half of a float", () => {
  assert.is(bf16ToNumber(0x3f80), 1);
  assert.is(bf16ToNumber(0xc049), -3.140625);
});

test.run();
