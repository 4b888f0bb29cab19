/** The transformation that turns a stored image upright: the values of EXIF's tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;

/** The types of fields with 4 bytes: LONG and SLONG. The orientation should be a SHORT of 2. */
const longTypes: readonly number[] = [4, 9];

/**
 * The orientation in an EXIF block (a TIFF header and its first directory), or 1 if there is none.
 *
 * Damaged metadata is ignored, because the image can still be decoded.
 */
export function exifOrientation(bytes: Uint8Array): Orientation {
  const value = findOrientation(bytes.subarray(hasExifPrefix(bytes) ? 6 : 0)) ?? 1;
  return value >= 1 && value <= 8 ? value as Orientation : 1;
}

/** The orientation in the first directory after a TIFF header. */
function findOrientation(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.byteLength < 8) return undefined;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || directory + 2 > view.byteLength) return undefined;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > view.byteLength) return undefined;
    if (view.getUint16(entry, little) !== orientationTag) continue;
    const isLong = longTypes.includes(view.getUint16(entry + 2, little));
    return isLong ? view.getUint32(entry + 8, little) : view.getUint16(entry + 8, little);
  }
  return undefined;
}

/** Whether the block begins with "Exif\0\0", which JPEG requires and some WebP encoders add. */
export function hasExifPrefix(bytes: Uint8Array): boolean {
  return bytes.length >= 6 && [0x45, 0x78, 0x69, 0x66, 0, 0].every((byte, i) => bytes[i] === byte);
}
