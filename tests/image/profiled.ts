/** Files with what browsers apply: a colour profile and an orientation. */
import { concat } from "../../src/io/concat.ts";
import { pngChunk } from "./support.ts";
import { zlibSync } from "fflate";

/** A colour profile (ICC, version 2) in which red and blue have changed places, and brightness rises in proportion. */
export function swappedProfile(): Uint8Array {
  // Primaries of sRGB, and its white, in XYZ of the profile connection space.
  const red = [0.4361, 0.2225, 0.0139], green = [0.3851, 0.7169, 0.0971], blue = [0.1431, 0.0606, 0.7141];
  const curve = concat([text("curv"), uint32(0, 1), Uint8Array.of(1, 0)]);
  const tags: readonly (readonly [string, Uint8Array])[] = [
    ["desc", concat([text("desc"), uint32(0, 2), text("a\0"), new Uint8Array(78)])],
    ["wtpt", xyz([0.9642, 1, 0.8249])],
    ["rXYZ", xyz(blue)],
    ["gXYZ", xyz(green)],
    ["bXYZ", xyz(red)],
    ...["rTRC", "gTRC", "bTRC"].map((name) => [name, curve] as const),
  ];
  const padded = tags.map(([name, data]) =>
    [name, concat([data, new Uint8Array(-data.length & 3)])] as const
  );
  let at = 128 + 4 + 12 * tags.length;
  const table = padded.map(([name, data]) => {
    at += data.length;
    return concat([text(name), uint32(at - data.length, data.length)]);
  });
  const head = concat([
    ...[
      uint32(at, 0, 0x02100000),
      text("mntrRGB XYZ "),
      new Uint8Array(12),
      text("acsp"),
      new Uint8Array(28),
    ],
    ...[xyz([0.9642, 1, 0.8249]).subarray(8), new Uint8Array(48), uint32(tags.length)],
  ]);
  return concat([head, ...table, ...padded.map(([, data]) => data)]);
}

/** A JPEG file with a profile and an EXIF orientation before its other segments. */
export function profiledJpeg(file: Uint8Array, orientation: number): Uint8Array {
  const segment = (code: number, body: Uint8Array) =>
    concat([Uint8Array.of(0xff, code, body.length + 2 >> 8, body.length + 2 & 255), body]);
  const exif = Uint8Array.of(
    0x49,
    0x49,
    42,
    0,
    8,
    0,
    0,
    0,
    1,
    0,
    0x12,
    1,
    3,
    0,
    1,
    0,
    0,
    0,
    orientation,
    0,
    0,
    0,
  );
  return concat([
    file.subarray(0, 2),
    segment(0xe1, concat([text("Exif\0\0"), exif, new Uint8Array(4)])),
    segment(0xe2, concat([text("ICC_PROFILE\0"), Uint8Array.of(1, 1), swappedProfile()])),
    file.subarray(2),
  ]);
}

/** A PNG file with a profile. */
export function profiledPng(file: Uint8Array): Uint8Array {
  const chunk = pngChunk("iCCP", concat([text("a\0\0"), zlibSync(swappedProfile())]));
  return concat([file.subarray(0, 33), chunk, file.subarray(33)]);
}

function xyz(values: readonly number[]): Uint8Array {
  return concat([text("XYZ "), uint32(0, ...values.map((value) => Math.round(value * 65536)))]);
}

function uint32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length), view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value));
  return bytes;
}

function text(letters: string): Uint8Array {
  return new TextEncoder().encode(letters);
}
