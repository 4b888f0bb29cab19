/** The transformation that turns a stored image upright: the values of EXIF's tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;

/**
 * The orientation in an EXIF block (a TIFF header and its first directory), or 1 if there is none.
 *
 * Damaged metadata is ignored, because the image can still be decoded.
 */
export function exifOrientation(bytes: Uint8Array): Orientation {
  const field = findOrientation(bytes.subarray(hasExifPrefix(bytes) ? 6 : 0));
  const value = field?.view.getUint16(field.at, field.little) ?? 1;
  return value >= 1 && value <= 8 ? value as Orientation : 1;
}

/** A copy of an image file whose EXIF blocks say that it is upright. */
export function withoutOrientation(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(file);
  for (let at = 0; at + 8 <= copy.length; at++) {
    if (copy[at] !== copy[at + 1]) continue;
    const field = findOrientation(copy.subarray(at));
    field?.view.setUint16(field.at, 1, field.little);
  }
  return copy;
}

/** Where a TIFF header and its first directory have the orientation. */
function findOrientation(bytes: Uint8Array): { view: DataView; at: number; little: boolean } | undefined {
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
    if (view.getUint16(entry, little) === orientationTag) return { view, at: entry + 8, little };
  }
  return undefined;
}

/** Whether the block begins with "Exif\0\0", which JPEG requires and some WebP encoders add. */
export function hasExifPrefix(bytes: Uint8Array): boolean {
  return bytes.length >= 6 && [0x45, 0x78, 0x69, 0x66, 0, 0].every((byte, i) => bytes[i] === byte);
}
