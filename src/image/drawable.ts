import { BackendError, ImageError } from "../tensor/errors.ts";
import { contextOf } from "./canvas.ts";
import type { ImageDataLike } from "./image_data.ts";

/**
 * What browsers can draw: in this order an `ImageBitmap`, an `HTMLCanvasElement` or `OffscreenCanvas`, an `HTMLImageElement`,
 * a `VideoFrame`. They are described by what tells them apart, so that nobody needs the types of the DOM.
 */
export type Drawable =
  | { readonly width: number; readonly height: number; close(): void }
  | { readonly width: number; readonly height: number; getContext(kind: "2d"): unknown }
  | { readonly naturalWidth: number; readonly naturalHeight: number; decode(): Promise<void> }
  | { readonly displayWidth: number; readonly displayHeight: number; close(): void };

/** The largest canvas of Chromium. */
const maxPixels = 2 ** 28;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whether `value` looks like something that browsers can draw. */
export function isDrawable(value: unknown): value is Drawable {
  const { close, getContext, decode } = (value ?? {}) as Record<string, unknown>;
  const draws = [close, getContext, decode].some((method) => typeof method === "function");
  return draws && Object.values(sizeOf(value as Drawable)).every((side) => typeof side === "number");
}

/**
 * The pixels of a drawable in sRGB, with straight alpha. They are taken before this returns, except from an image element,
 * which may still load. Throws `ImageError` where it has none or must not be read, and `BackendError` where there is no
 * canvas; `action` completes "Cannot …".
 */
export async function drawnPixels(drawable: Drawable, action: string): Promise<ImageDataLike> {
  try {
    if ("decode" in drawable) await drawable.decode();
    const size = sizeOf(drawable), { width, height } = size;
    if (!(width > 0 && height > 0 && width * height <= maxPixels)) {
      throw new Error(`it has ${width}×${height} pixels`);
    }
    const context = contextOf(size);
    context.drawImage(drawable as ImageBitmap, 0, 0, width, height);
    return context.getImageData(0, 0, width, height, { colorSpace: "srgb" });
  } catch (cause) {
    if (cause instanceof BackendError) throw cause;
    const isForbidden = cause instanceof DOMException && cause.name === "SecurityError";
    throw new ImageError(`Cannot ${action}`, {
      expected: "something with pixels that a canvas can draw",
      got: cause instanceof Error ? cause.message : String(cause),
      hint: isForbidden ? `load it with crossOrigin = "anonymous", or give its file as a Blob` : undefined,
      cause,
    });
  }
}

function sizeOf(drawable: Drawable): Size {
  if ("naturalWidth" in drawable) {
    return { width: drawable.naturalWidth, height: drawable.naturalHeight };
  }
  if ("displayWidth" in drawable) {
    return { width: drawable.displayWidth, height: drawable.displayHeight };
  }
  return { width: drawable.width, height: drawable.height };
}
