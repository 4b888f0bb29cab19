import { BackendError } from "../tensor/errors.ts";

/**
 * A canvas of a browser, also in its workers. It is kept in memory: one on the GPU may round, and is slow to read.
 * Throws `BackendError` in hosts without canvases.
 */
export function contextOf(
  { width, height }: { width: number; height: number },
): OffscreenCanvasRenderingContext2D {
  // Deno has canvases, but nothing to draw on them; it would take the memory nevertheless.
  const canvas = typeof OffscreenCanvas === "undefined" ? undefined : new OffscreenCanvas(1, 1);
  const context = canvas?.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  if (context) {
    Object.assign(context.canvas, { width, height });
    return context;
  }
  throw new BackendError("Cannot draw an image", {
    expected: "a browser's canvas",
    got: "a host without one",
    hint: "give files, or pixels as ImageData",
  });
}
