import { BackendError } from "../tensor/errors.ts";
import { contextOf } from "./canvas.ts";
import type { ImageFormat } from "./header_type.ts";
import { formatNames } from "./header_type.ts";
import type { Image } from "./image.ts";
import { toRgba } from "./rgba.ts";

/** Encodes an image by a browser's own codec. Throws `BackendError` if it has none of the format. */
export async function encodeByBrowser(
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
