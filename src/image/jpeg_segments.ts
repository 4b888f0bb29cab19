import { ImageError } from "../tensor/errors.ts";
import { boundedParts } from "./parts.ts";

/** Markers of JPEG (ITU-T T.81, table B.1). */
export const DHT = 0xc4,
  SOI = 0xd8,
  EOI = 0xd9,
  SOS = 0xda,
  DQT = 0xdb,
  DRI = 0xdd,
  APP0 = 0xe0,
  APP1 = 0xe1,
  APP14 = 0xee;

/** Markers that belong to no segment, before the first scan: files have none, but decoders pass them over. */
const mostStrays = 2 ** 16;

/** A segment of a JPEG file. */
export interface Segment {
  code: number;
  /** Where its marker begins. */
  at: number;
  /** The bytes after the length field, which may be truncated. Empty for markers without a body. */
  body: Uint8Array;
}

/**
 * The segments up to the end marker or the end of the data, without entropy-coded data. Throws `ImageError` for a wrong length,
 * and if there are very many.
 */
export function segments(bytes: Uint8Array): Generator<Segment> {
  return boundedParts(walk(bytes), { bytes: bytes.length, name: "JPEG", part: "segments" });
}

function* walk(bytes: Uint8Array): Generator<Segment> {
  let isScan = false, strays = 0;
  for (let at = 2; at < bytes.length;) {
    // There may be fill bytes between segments. In the data after a scan header, FF followed by 00 or RST is no marker.
    at = bytes.indexOf(0xff, at);
    if (at < 0) return;
    while (bytes[at + 1] === 0xff) at++;
    const code = bytes[at + 1];
    if (code === undefined) return;
    at += 2;
    if (code === 0 || code === 1 || (code >= 0xd0 && code <= SOI)) {
      if (!isScan && ++strays > mostStrays) {
        throw new ImageError("Cannot read the JPEG image", {
          expected: "segments after one another",
          got: `${strays} markers without one`,
        });
      }
      continue;
    }
    isScan ||= code === SOS;
    if (code === EOI) {
      yield { code, at: at - 2, body: bytes.subarray(at, at) };
      return;
    }
    if (at + 2 > bytes.length) return;
    const length = bytes[at]! * 256 + bytes[at + 1]!;
    if (length < 2) {
      throw new ImageError("Cannot read the JPEG image", {
        expected: "segments of at least 2 bytes",
        got: `${length}`,
      });
    }
    yield { code, at: at - 2, body: bytes.subarray(at + 2, at + length) };
    at += length;
  }
}

/** SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC), and SOF55 of JPEG-LS. */
export function isFrame(code: number): boolean {
  return code === 0xf7 || (code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc);
}

/** The colour transform of an APP14 segment of Adobe: 0 for none, 1 YCbCr, 2 YCCK; `undefined` if it is no such segment. */
export function adobeTransform({ code, body }: Segment): number | undefined {
  return code === APP14 && body.length >= 12 && startsWith(body, "Adobe") ? body[11] : undefined;
}

/** Whether a segment has no part in the pixels: comments, and what programs write, except what tells colours. */
export function isAncillary(segment: Segment): boolean {
  const { code, body } = segment;
  if (code === APP0) return !startsWith(body, "JFIF\0");
  return code === 0xfe || (code >= APP0 && code <= 0xef && adobeTransform(segment) === undefined);
}

/** Whether bytes begin with the letters of `text`. */
export function startsWith(bytes: Uint8Array, text: string): boolean {
  return bytes.length >= text.length &&
    Array.from(text).every((letter, i) => bytes[i] === letter.charCodeAt(0));
}
