/** The transformation that turns a stored image upright: the values of EXIF's tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const orientationTag = 0x0112;

/**
 * The orientation in an EXIF block (a TIFF header and its first directory), or 1 if there is none.
 *
 * Damaged metadata is ignored, because the image can still be decoded.
 */
export function exifOrientation(bytes: Uint8Array): Orientation {
  const start = hasExifPrefix(bytes) ? 6 : 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  if (view.byteLength < 8) return 1;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return 1;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > view.byteLength) return 1;
    if (view.getUint16(entry, little) !== orientationTag) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value as Orientation : 1;
  }
  return 1;
}

/** Whether the block begins with "Exif\0\0", which JPEG requires and some WebP encoders add. */
export function hasExifPrefix(bytes: Uint8Array): boolean {
  return bytes.length >= 6 && [0x45, 0x78, 0x69, 0x66, 0, 0].every((byte, i) => bytes[i] === byte);
}
