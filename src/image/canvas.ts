import { BackendError } from "../tensor/errors.ts";

/**
 * A canvas of a browser, also in its workers. It is kept in memory: one on the GPU may round, and is slow to read.
 * Throws `BackendError` in hosts without canvases.
 */
export function contextOf(
  { width, height }: { width: number; height: number },
): OffscreenCanvasRenderingContext2D {
  const context = typeof OffscreenCanvas === "undefined"
    ? null
    : new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  if (context) return context;
  throw new BackendError("Cannot draw an image", {
    expected: "a browser's canvas",
    got: "a host without one",
    hint: "give files, or pixels as ImageData",
  });
}
