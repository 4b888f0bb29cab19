import { concat } from "../io/concat.ts";
import { ImageError } from "../tensor/errors.ts";
import { EOI, isAncillary, type Segment, segments, SOS } from "./jpeg_segments.ts";

/**
 * A limit on the number of scans, which no encoder reaches. Even an empty scan costs a pass over all pixels, so that a
 * small file with many scans could take hours to decode.
 */
const maxScans = 100;

/** A segment, and what follows it up to the next: the data of a scan. */
export interface JpegPart extends Segment {
  /** All its bytes with its marker, and the data. */
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
}

/** A JPEG file of nothing but what makes the pixels. Throws as `jpegParts` does. */
export function essentialJpeg(bytes: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, 2), ...jpegParts(bytes).map((part) => part.bytes)]);
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
    const next = all[i + 1]?.at ?? segment.at + 2;
    const data = Math.min(next, segment.code === EOI ? next : segment.at + 4 + segment.body.length);
    return { ...segment, bytes: bytes.subarray(segment.at, next), data: bytes.subarray(data, next) };
  }).filter((part) => !isAncillary(part));
}
