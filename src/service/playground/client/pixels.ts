import { toImageData } from "../../../image/image_data.ts";
import { filledImage, type Image, white } from "../../../image/image.ts";
import { prepareImage } from "../../../image/prepare.ts";
import { readImage } from "../../../image/read.ts";
import { resize } from "../../../image/resize.ts";
import type { Pixels } from "./engine.ts";

/** Shows an image on a canvas without scaling. */
export function show(canvas: HTMLCanvasElement, pixels: Pixels): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}

/** How an image becomes a square: its middle, or the whole of it between white bars. */
export type Shape = "crop" | "fit";

/**
 * Reads an image file and makes it a square of `side`. To crop, its shorter side is scaled, as the library does in
 * `voken encode --size`. No colour profile is converted, and transparency becomes white.
 */
export async function readPixels(
  file: Blob,
  { side, shape }: { side: number; shape: Shape },
): Promise<Pixels> {
  const image = await readImage(file);
  const square = shape === "crop"
    ? prepareImage(image, { size: side, crop: "center", mirrored: false })
    : fitted(image, side);
  return toImageData(square) as Pixels;
}

/** The whole image in the middle of a white square. */
function fitted(image: Image, side: number): Image {
  const scale = side / Math.max(image.width, image.height);
  const scaled = (length: number) => Math.max(1, Math.round(length * scale));
  const small = resize(image, { width: scaled(image.width), height: scaled(image.height) });
  const square = filledImage({ width: side, height: side }, white);
  const left = (side - small.width) >> 1, top = (side - small.height) >> 1, row = small.width * 3;
  for (let y = 0; y < small.height; y++) {
    square.data.set(small.data.subarray(y * row, (y + 1) * row), ((top + y) * side + left) * 3);
  }
  return square;
}

/** Reads an image file without changes. */
export async function decodeFile(file: Blob): Promise<Pixels> {
  return toImageData(await readImage(file)) as Pixels;
}

/** Encodes an image as a PNG file. */
export async function encodePng(pixels: Pixels): Promise<Blob> {
  const canvas = document.createElement("canvas");
  show(canvas, pixels);
  return await new Promise((resolve, reject) =>
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("Cannot encode a PNG file")), "image/png")
  );
}

/** A sample image: a smiling face. */
export function sampleImage(side: number): Promise<Blob> {
  const context = canvasOf(256, 256);
  fill("#fff", (path) => path.rect(0, 0, 256, 256));
  const skin = context.createRadialGradient(100, 84, 10, 128, 128, 120);
  skin.addColorStop(0, "#ffe680");
  skin.addColorStop(0.7, "#ffc83d");
  skin.addColorStop(1, "#f2a20c");
  fill(skin, (path) => path.arc(128, 128, 112, 0, 7));
  for (const x of [88, 168]) {
    fill("#fff", (path) => path.ellipse(x, 104, 24, 28, 0, 0, 7));
    fill("#3b2a20", (path) => path.arc(x, 108, 15, 0, 7));
  }
  for (const x of [58, 198]) fill("#ff8a65", (path) => path.ellipse(x, 146, 18, 12, 0, 0, 7));
  fill("#7a2419", (path) => path.arc(128, 150, 54, 0.15, Math.PI - 0.15));
  fill("#ff5a5f", (path) => path.ellipse(128, 192, 26, 12, 0, 0, 7));
  return encodePng(scaled(context.canvas, side));

  function fill(style: string | CanvasGradient, add: (path: CanvasRenderingContext2D) => void): void {
    context.fillStyle = style;
    context.beginPath();
    add(context);
    context.fill();
  }
}

/** PSNR in dB of two images of the same size, without alpha. */
export function psnrOf(a: Pixels, b: Pixels): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) if (i % 4 < 3) sum += (a.data[i]! - b.data[i]!) ** 2;
  return -10 * Math.log10(sum / (a.data.length * 3 / 4) / 255 ** 2);
}

function scaled(source: HTMLCanvasElement, side: number): Pixels {
  const context = canvasOf(side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

function canvasOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", { willReadFrequently: true })!;
}
