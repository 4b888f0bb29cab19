import { concat } from "../io/concat.ts";
import type { ImageError } from "../tensor/errors.ts";
import { UnsupportedImageError } from "./header_type.ts";
import type { JpegPart } from "./jpeg_essential.ts";
import type { Frame, FrameComponent } from "./jpeg_frame.ts";
import { APP0, APP14, isFrame, SOI, SOS } from "./jpeg_segments.ts";
import { JpegState, type Scan } from "./jpeg_state.ts";
import { walkScan } from "./jpeg_walk.ts";
import { BitWriter } from "./jpeg_writer.ts";

/**
 * A JPEG file with some of the components of another, by their places: the codes of the others are left out of its scans, which
 * changes no other code, as each component has its own differences and runs. `transform` is Adobe's, of the colours that are left.
 * Throws `ImageError` if the codes are damaged, or the components cannot be told apart so.
 */
export function withComponents(
  parts: readonly JpegPart[],
  { keep, transform }: { keep: readonly number[]; transform: 0 | 1 },
): Uint8Array {
  const out: Uint8Array[] = [Uint8Array.of(0xff, SOI), adobe(transform)], state = new JpegState();
  for (const part of parts) {
    const { code, body, bytes } = part;
    if (code === APP0 || code === APP14) continue;
    state.take(part);
    if (isFrame(code)) {
      checkSampling(state.frame!, keep);
      const kept = keep.map((i) => body.subarray(6 + 3 * i, 9 + 3 * i));
      out.push(segment(code, [body.subarray(0, 5), Uint8Array.of(keep.length), ...kept]));
    } else if (code === SOS) {
      const scan = state.scan(part), kept = scan.members.filter(({ place }) => keep.includes(place));
      if (kept.length === scan.members.length) out.push(bytes);
      else if (kept.length > 0) {
        if (kept.length === 1) throw unsupported();
        const specs = kept.map(({ spec }) => spec), rest = body.subarray(1 + 2 * scan.members.length);
        out.push(
          segment(code, [Uint8Array.of(kept.length), ...specs, rest]),
          filterScan(scan, part.data, keep),
        );
      }
    } else {
      out.push(bytes);
    }
  }
  return concat(out);
}

/** The data of a scan with the codes of the components to keep. */
function filterScan(scan: Scan, data: Uint8Array, keep: readonly number[]): Uint8Array {
  const writer = new BitWriter(data.length), kept = scan.members.map(({ place }) => keep.includes(place));
  walkScan(scan, {
    onBlock: (i, from) => kept[i] && writer.copy(scan.bits, from),
    onRestart: (number) => writer.restart(number),
  });
  return writer.finish();
}

/** The order of blocks and the sizes of components follow from the largest sampling factors, which must be left. */
function checkSampling({ components }: Frame, keep: readonly number[]): void {
  const factors = (all: readonly FrameComponent[]) =>
    [all.map(({ across }) => across), all.map(({ down }) => down)].map((list) => Math.max(...list)).join("×");
  if (factors(components) !== factors(keep.map((i) => components[i]!))) throw unsupported();
}

/** Adobe's segment APP14, which tells the colours of a file. */
function adobe(transform: number): Uint8Array {
  return segment(APP14, [new TextEncoder().encode("Adobe"), Uint8Array.of(0, 100, 0, 0, 0, 0, transform)]);
}

function segment(code: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(parts), length = body.length + 2;
  return concat([Uint8Array.of(0xff, code, length >> 8, length & 255), body]);
}

function unsupported(): ImageError {
  return new UnsupportedImageError("Cannot decode this kind of JPEG", {
    expected: "CMYK with one scan for all inks, of which K is not sampled most",
    got: "another",
    hint: "convert it: magick in.jpg out.png",
  });
}
