import { ImageError } from "../tensor/errors.ts";
import { exifOrientation, hasExifPrefix } from "./exif.ts";
import { type ImageHeader, TruncatedHeaderError, UnsupportedImageError } from "./header_type.ts";
import { APP1, EOI, isFrame, segments, SOS } from "./jpeg_segments.ts";

const action = "Cannot read the JPEG header";

/** The header of a JPEG file; `readHeader` has seen its signature. The first EXIF block counts, as far as it is given. */
export function readJpegHeader(bytes: Uint8Array): ImageHeader {
  let frame: Omit<ImageHeader, "orientation"> | undefined,
    orientation: ImageHeader["orientation"] | undefined;
  for (const { code, body } of segments(bytes)) {
    if (code === APP1 && hasExifPrefix(body)) orientation ??= exifOrientation(body);
    if (isFrame(code)) frame ??= readFrame(code, body);
    if (code === SOS || code === EOI) {
      if (frame) break;
      throw new ImageError(action, { expected: "a frame header before the image data", got: "none" });
    }
  }
  if (frame) return { ...frame, orientation: orientation ?? 1 };
  throw new TruncatedHeaderError(action, {
    expected: "a frame header",
    got: `the end of the data after ${bytes.length} bytes`,
  });
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
  const coding = codingOf(code);
  if (coding !== "Huffman" || bitDepth !== 8) {
    throw unsupported(
      "baseline or progressive coding with 8 bits",
      coding === "Huffman" ? `${bitDepth} bits` : coding,
    );
  }
  if (![1, 3, 4].includes(channels)) throw unsupported("grey, colour or CMYK", `${channels} components`);
  return { format: "jpeg", width, height, bitDepth, channels, alpha: false, animated: false };
}

/** How the frame of a marker is coded (ITU-T T.81, table B.1). */
function codingOf(code: number): string {
  if (code <= 0xc2) return "Huffman";
  if (code === 0xf7) return "JPEG-LS";
  if (code === 0xc3) return "lossless coding";
  return code < 0xc8 ? "hierarchical coding" : "arithmetic coding";
}

function unsupported(expected: string, got: string): ImageError {
  return new UnsupportedImageError("Cannot decode this kind of JPEG", {
    expected,
    got,
    hint: "convert it: magick in.jpg out.png",
  });
}
