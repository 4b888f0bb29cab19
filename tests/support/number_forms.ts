import type { Numbers } from "../../src/tensor/elements.ts";

const lists: readonly ((values: readonly number[]) => Numbers)[] = [
  (values) => [...values],
  Int8Array.from.bind(Int8Array),
  Uint8Array.from.bind(Uint8Array),
  Uint8ClampedArray.from.bind(Uint8ClampedArray),
  Int16Array.from.bind(Int16Array),
  Uint16Array.from.bind(Uint16Array),
  Int32Array.from.bind(Int32Array),
  Uint32Array.from.bind(Uint32Array),
  Float32Array.from.bind(Float32Array),
  Float64Array.from.bind(Float64Array),
  (values) => BigInt64Array.from(values.every(Number.isInteger) ? values : [0], BigInt),
  (values) => BigUint64Array.from(values.every(Number.isInteger) ? values : [0], BigInt),
];

/** `values` in every list that holds them as they are. */
export function formsOf(values: readonly number[]): Numbers[] {
  return lists.map((list) => list(values)).filter((form) =>
    form.length === values.length && values.every((value, i) => Number(form[i]) === value)
  );
}

/** Lists of `length` elements that no u32 tensor takes: numbers that it does not hold, and what is no number. */
export function wrongWords(length: number): unknown[] {
  const fill = (value: unknown) => new Array(length).fill(value);
  return [
    ...[-1, 0.5, NaN, Infinity, 2 ** 32, "1", null, undefined, {}, true, -1n, 2n ** 32n].map(fill),
    new Array(length),
    Int32Array.from(fill(-1)),
    Float32Array.from(fill(0.5)),
    Float64Array.from(fill(2 ** 40)),
    BigInt64Array.from(fill(-1n)),
    BigUint64Array.from(fill(2n ** 33n)),
    new Uint32Array(length + 1),
    new Uint32Array(0),
    new DataView(new ArrayBuffer(4 * length)),
    new ArrayBuffer(4 * length),
    ...[undefined, null, 3, "12", {}, { length }, () => {}, Symbol("data"), Promise.resolve([])],
  ];
}
