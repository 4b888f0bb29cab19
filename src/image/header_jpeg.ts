import { ImageError } from "../tensor/errors.ts";
import { exifOrientation, hasExifPrefix } from "./exif.ts";
import type { ImageHeader } from "./header_type.ts";
import { TruncatedHeaderError } from "./header_type.ts";

/** The subject of errors for valid files that are not supported, such as CMYK. */
export const unsupportedKind = "Cannot decode this kind of JPEG";

const action = "Cannot read the JPEG header";
const SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1;

/**
 * A limit on the number of scans, which no encoder reaches. Even an empty scan costs a pass over all pixels, so that a
 * small file with many scans could take hours to decode.
 */
const maxScans = 100;

/** The header of a JPEG file; `readHeader` has seen its signature. */
export function readJpegHeader(bytes: Uint8Array): ImageHeader {
  let orientation: ImageHeader["orientation"] = 1;
  for (const { code, body } of segments(bytes)) {
    if (code === APP1 && orientation === 1 && hasExifPrefix(body)) orientation = exifOrientation(body);
    if (code === SOS || code === EOI) {
      throw new ImageError(action, { expected: "a frame header before the image data", got: "none" });
    }
    if (isFrame(code)) return { ...readFrame(code, body), orientation };
  }
  throw new TruncatedHeaderError(action, {
    expected: "a frame header",
    got: `the end of the data after ${bytes.length} bytes`,
  });
}

/**
 * Throws `ImageError` if the file ends before its end marker (the decoder would fill the rest with grey) or has too many
 * scans.
 */
export function checkJpegComplete(bytes: Uint8Array): void {
  let scans = 0;
  for (const { code } of segments(bytes)) {
    if (code === EOI) {
      if (scans > 0) return;
      throw new ImageError("Cannot decode the JPEG image", { expected: "image data", got: "none" });
    }
    if (code === SOS && ++scans > maxScans) {
      throw new ImageError("Cannot decode the JPEG image", {
        expected: `at most ${maxScans} scans`,
        got: "more",
      });
    }
  }
  throw new ImageError("Cannot decode the JPEG image", {
    expected: "an end marker",
    got: `the end of the data after ${bytes.length} bytes`,
    hint: "the file is truncated; fetch it again",
  });
}

interface Segment {
  code: number;
  /** The bytes after the length field, which may be truncated. Empty for markers without a body. */
  body: Uint8Array;
}

/** Yields the segments up to the end marker or the end of the data. Skips entropy-coded data. */
function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; at < bytes.length;) {
    // There may be fill bytes between segments. In the data after a scan header, FF followed by 00 or RST is no marker.
    at = bytes.indexOf(0xff, at);
    if (at < 0) return;
    const code = bytes[at + 1];
    if (code === undefined) return;
    if (code === 0xff) {
      at += 1;
      continue;
    }
    at += 2;
    if (code === 0 || code === 1 || (code >= 0xd0 && code <= SOI)) continue;
    if (code === EOI) {
      yield { code, body: bytes.subarray(at, at) };
      return;
    }
    if (at + 2 > bytes.length) return;
    const length = bytes[at]! * 256 + bytes[at + 1]!;
    if (length < 2) {
      throw new ImageError(action, { expected: "segments of at least 2 bytes", got: `${length}` });
    }
    yield { code, body: bytes.subarray(at + 2, at + length) };
    at += length;
  }
}

/** SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;
}

function readFrame(code: number, body: Uint8Array): Omit<ImageHeader, "orientation"> {
  if (body.length < 6) {
    throw new TruncatedHeaderError(action, {
      expected: "a whole frame header",
      got: `${body.length} bytes of it`,
    });
  }
  const [bitDepth, , , , , channels] = body as unknown as [number, number, number, number, number, number];
  const height = body[1]! * 256 + body[2]!, width = body[3]! * 256 + body[4]!;
  // SOF0 to SOF2: baseline, extended, progressive with Huffman coding; SOF9 and SOF10: with arithmetic coding.
  if (![0xc0, 0xc1, 0xc2, 0xc9, 0xca].includes(code) || bitDepth !== 8) {
    throw unsupported(
      "baseline or progressive with 8 bits",
      `frame type ${code - 0xc0} with ${bitDepth} bits`,
    );
  }
  if (channels !== 1 && channels !== 3) {
    throw unsupported(
      "grey or colour (1 or 3 components)",
      channels === 4 ? "CMYK (4 components)" : `${channels}`,
    );
  }
  return { format: "jpeg", width, height, bitDepth, channels, alpha: false, animated: false };
}

function unsupported(expected: string, got: string): ImageError {
  return new ImageError(unsupportedKind, {
    expected,
    got,
    hint: "convert the image to RGB",
  });
}
