/** Replaces each value of all ones with the next value of the zip64 extra field, which must contain exactly those. */
export function zip64Fields(
  extra: DataView,
  values: readonly number[],
  refuseField: (expected: string, got: string) => never,
): number[] {
  let wide: DataView | undefined;
  let at = 0;
  while (at < extra.byteLength) {
    const length = at + 4 <= extra.byteLength ? extra.getUint16(at + 2, true) : Infinity;
    if (at + 4 + length > extra.byteLength) refuseField("extra fields that fit their length", "others");
    if (extra.getUint16(at, true) === 1) {
      if (wide) refuseField("one zip64 field", "two");
      wide = new DataView(extra.buffer, extra.byteOffset + at + 4, length);
    }
    at += 4 + length;
  }
  const deferred = values.filter((value) => value === 0xffffffff).length;
  if ((wide?.byteLength ?? 0) !== 8 * deferred) {
    refuseField(`a zip64 field of ${8 * deferred} bytes`, `${wide?.byteLength ?? 0}`);
  }
  let next = 0;
  return values.map((value) => {
    if (value !== 0xffffffff) return value;
    const whole = Number(wide!.getBigUint64(next, true));
    next += 8;
    if (!Number.isSafeInteger(whole)) refuseField("lengths below 2^53", `${whole}`);
    return whole;
  });
}
