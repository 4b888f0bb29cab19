import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toF16, toF32 } from "../../src/io/convert_dtype.ts";
import { bf16ToNumber, f16ToNumber, numberToF16 } from "../../src/tensor/dtype.ts";
import { refused } from "./support.ts";

const test = suite("dtype conversion");

const every = Uint16Array.from({ length: 65536 }, (_, i) => i);

test("every f16 and bf16 value is converted exactly", () => {
  const f16 = toF32(new Uint8Array(every.buffer), "f16"),
    brains = toF32(new Uint8Array(every.buffer), "bf16");
  for (let bits = 0; bits < 65536; bits++) {
    assert.ok(Object.is(f16[bits], f16ToNumber(bits)), `f16 0x${bits.toString(16)}`);
    assert.ok(Object.is(brains[bits], bf16ToNumber(bits)), `bf16 0x${bits.toString(16)}`);
  }
});

test("every other type keeps its values", () => {
  const check = (
    array: ArrayBufferView<ArrayBuffer>,
    dtype: Parameters<typeof toF32>[1],
    values: number[],
  ) => {
    const bytes = new Uint8Array(array.buffer);
    assert.equal([...toF32(bytes, dtype)], values, dtype);
    // The same from memory that is not aligned.
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assert.equal([...toF32(shifted.subarray(1), dtype)], values, `${dtype}, not aligned`);
  };
  check(Float32Array.of(1.5, -2, 1e-45), "f32", [1.5, -2, Math.fround(1e-45)]);
  check(Float64Array.of(0.1, -3), "f64", [Math.fround(0.1), -3]);
  check(BigInt64Array.of(-1n, 2n ** 40n), "i64", [-1, 2 ** 40]);
  check(Int32Array.of(-1, 2 ** 30), "i32", [-1, 2 ** 30]);
  check(Uint32Array.of(2 ** 31), "u32", [2 ** 31]);
  check(Int16Array.of(-300, 5), "i16", [-300, 5]);
  check(Uint16Array.of(65535), "u16", [65535]);
  check(Int8Array.of(-128, 127), "i8", [-128, 127]);
  check(Uint8Array.of(0, 255), "u8", [0, 255]);
  check(Uint8Array.of(0, 1, 2), "bool", [0, 1, 1]);
});

test("f32 is not copied", () => {
  const bytes = new Uint8Array(16);
  assert.is(toF32(bytes, "f32").buffer, bytes.buffer);
});

test("floats are rounded to the nearest f16", () => {
  const values = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 2 ** ((i % 40) - 25));
  const f16 = new Uint16Array(toF16(values, { tensor: "w" }).buffer);
  values.forEach((value, i) => assert.is(f16[i], numberToF16(value), String(value)));
});

test("values outside the range of f16 are rejected with tensor, value and index", async () => {
  const store = (...values: number[]) => () =>
    toF16(Float32Array.from(values), { tensor: "decoder.conv_in.weight" });
  store(65519)();
  await refused(
    store(1, 65520),
    /decoder\.conv_in\.weight as f16.*±65504, got 65520 at index 1; store it as f32/,
  );
  await refused(store(-1e30), /got -1.*at index 0/);
  await refused(store(0, 0, NaN), /got NaN at index 2; the checkpoint is damaged/);
  await refused(store(Infinity), /got Infinity at index 0; the checkpoint is damaged/);
});

test.run();
