import { inBrowser } from "../io/host.ts";
import { BackendError } from "../tensor/errors.ts";
import { contextOf } from "./canvas.ts";
import type { Codec } from "./codec_type.ts";
import type { ImageFormat } from "./header_type.ts";
import { formatNames } from "./header_type.ts";
import type { Image } from "./image.ts";
import type { Rgba } from "./rgba.ts";
import { toRgba } from "./rgba.ts";

/** A browser's own codec of a format, so that pages need not load any; `undefined` in other hosts. */
export function browserCodec(format: ImageFormat): Codec | undefined {
  return inBrowser() ? { decode, encode: (image, quality) => encode(image, { format, quality }) } : undefined;
}

async function decode(bytes: Uint8Array): Promise<Rgba> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    colorSpaceConversion: "none",
  });
  const { width, height } = bitmap;
  const context = contextOf({ width, height });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

async function encode(
  image: Image,
  { format, quality }: { format: ImageFormat; quality: number },
): Promise<Uint8Array> {
  const { width, height } = image, type = `image/${format}`;
  const context = contextOf(image);
  context.putImageData(new ImageData(new Uint8ClampedArray(toRgba(image)), width, height), 0, 0);
  const file = await context.canvas.convertToBlob({ type, quality: quality / 100 });
  if (file.type !== type) {
    throw new BackendError(`Cannot encode the image as ${formatNames[format]}`, {
      expected: "a browser that encodes it",
      got: `one that gives ${file.type}`,
      hint: "choose the format png",
    });
  }
  return new Uint8Array(await file.arrayBuffer());
}
