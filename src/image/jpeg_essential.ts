import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { EOI, isAncillary, type Segment, segments, SOI, SOS } from "./jpeg_segments.ts";

/**
 * A limit on the number of scans, which no encoder reaches. Even an empty scan costs a pass over all pixels, so that a
 * small file with many scans could take hours to decode.
 */
const maxScans = 100;

/** A segment; of a scan also the data, which follows it. */
export interface JpegPart extends Segment {
  /** All its bytes with its marker, and the data. */
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
}

/** A JPEG file of parts. */
export function joinJpeg(parts: readonly JpegPart[]): Uint8Array {
  return concat([Uint8Array.of(0xff, SOI), ...parts.map(({ bytes }) => bytes)]);
}

/**
 * The parts of a JPEG file that make the pixels. Throws `ImageError` if it ends before its end marker (the decoder would fill the
 * rest with grey) or has too many scans.
 */
export function jpegParts(bytes: Uint8Array): JpegPart[] {
  const all = [...segments(bytes)];
  const last = all.at(-1), scans = all.filter(({ code }) => code === SOS).length;
  if (last?.code !== EOI) {
    throw new ImageError("Cannot decode the JPEG image", {
      expected: "an end marker",
      got: `the end of the data after ${bytes.length} bytes`,
      hint: "the file is truncated; fetch it again",
    });
  }
  if (scans === 0) {
    throw new ImageError("Cannot decode the JPEG image", { expected: "image data", got: "none" });
  }
  if (scans > maxScans) {
    throw new ImageError("Cannot decode the JPEG image", {
      expected: `at most ${maxScans} scans`,
      got: "more",
    });
  }
  return all.map((segment, i) => {
    const end = segment.code === EOI ? segment.at + 2 : segment.at + 4 + segment.body.length;
    // Bytes behind other segments are none of the image.
    const next = segment.code === SOS ? all[i + 1]!.at : end;
    return { ...segment, bytes: bytes.subarray(segment.at, next), data: bytes.subarray(end, next) };
  }).filter((part) => !isAncillary(part));
}
