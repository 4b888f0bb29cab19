import { ImageError } from "../tensor/errors.ts";
import { exifOrientation, hasExifPrefix } from "./exif.ts";
import type { ImageHeader } from "./header_type.ts";
import { TruncatedHeaderError } from "./header_type.ts";

/** The subject of the error for files that are whole but of a kind that is not decoded, such as CMYK. */
export const unsupportedKind = "Cannot decode this kind of JPEG";

const action = "Cannot read the JPEG header";
const SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1;

/**
 * More scans than any encoder writes. Each scan, even an empty one, costs the decoder a pass over all pixels, so a
 * small file of many scans could keep it busy for hours.
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
 * Throws `ImageError` where the file ends before its end marker (the decoder would paint the rest grey) or has an
 * absurd number of scans.
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
    hint: "the file is cut off; fetch it again",
  });
}

interface Segment {
  code: number;
  /** What follows the length field; cut short where the data ends. Empty for markers without a body. */
  body: Uint8Array;
}

/** Walks the markers up to the end marker or the end of the data, skipping entropy-coded data. */
function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 2; at < bytes.length;) {
    // Between segments lie fill bytes; after a scan header, its data, where a marker is FF and neither 00 nor RST.
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
  // SOF0 to SOF2 are baseline, extended and progressive with Huffman coding; SOF9 and SOF10 with arithmetic coding.
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
