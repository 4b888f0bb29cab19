import { unfit } from "../tensor/describe.ts";
import { isListOf } from "../tensor/every.ts";
import { checkOptions, type Kinds, wholeNumber } from "../tensor/options.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Image, Rgb } from "./image.ts";
import { color, filledImage, takeImage, white } from "./image.ts";

/** Options of `contactSheet`. */
export interface ContactSheetOptions {
  /** Integer factor by which images are enlarged; default 1. */
  scale?: number;
  /** Pixels between and around images; default 4. */
  gap?: number;
  /** The colour of the gaps; default white. */
  background?: Rgb;
}

const kinds: Kinds<ContactSheetOptions> = { scale: wholeNumber(1), gap: wholeNumber(0), background: color };

/**
 * Arranges rows of images in one image. A column is as wide as its widest image, a row as high as its highest. Images
 * are at the top left of their cells; rows may have different lengths.
 * Throws `ArgumentError` if there is no image, `scale` is not a positive integer, or `gap` is not an integer from 0 on.
 */
export function contactSheet(rows: readonly (readonly Image[])[], options: ContactSheetOptions = {}): Image {
  checkOptions(options, kinds, "make a contact sheet");
  const { scale = 1, gap = 4, background = white } = options;
  if (!isListOf(rows as unknown, Array.isArray)) {
    throw unfit("Cannot make a contact sheet: rows", "a list of rows of images", rows);
  }
  rows = Array.from(rows, (row) => Array.from(row, (image) => takeImage(image, "make a contact sheet")));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (columns === 0) {
    throw new ArgumentError("Cannot make a contact sheet", { expected: "at least one image", got: "none" });
  }
  const widths = Array.from(
    { length: columns },
    (_, column) => scale * Math.max(...rows.map((row) => row[column]?.width ?? 0)),
  );
  const heights = rows.map((row) => scale * Math.max(0, ...row.map((image) => image.height)));
  const lefts = starts(widths, gap), tops = starts(heights, gap);
  const sheet = filledImage({ width: lefts.at(-1)!, height: tops.at(-1)! }, background);
  rows.forEach((row, y) =>
    row.forEach((image, x) => paste(sheet, image, { left: lefts[x]!, top: tops[y]!, scale }))
  );
  return sheet;
}

/** The start of each length, with a gap before each, followed by the total length with a gap at the end. */
function starts(lengths: number[], gap: number): number[] {
  const places = [gap];
  for (const length of lengths) places.push(places.at(-1)! + length + gap);
  return places;
}

function paste(sheet: Image, image: Image, place: { left: number; top: number; scale: number }): void {
  const { left, top, scale } = place;
  for (let y = 0; y < image.height * scale; y++) {
    const row = Math.floor(y / scale) * image.width;
    let to = ((top + y) * sheet.width + left) * 3;
    for (let x = 0; x < image.width * scale; x++, to += 3) {
      const from = (row + Math.floor(x / scale)) * 3;
      sheet.data[to] = image.data[from]!;
      sheet.data[to + 1] = image.data[from + 1]!;
      sheet.data[to + 2] = image.data[from + 2]!;
    }
  }
}
