import { mebibytes, OutOfMemoryError } from "../backend/out_of_memory.ts";
import { BackendError, ImageError } from "../tensor/errors.ts";
import type { Extent } from "./programs.ts";

/**
 * Does `work`, which makes or runs the program of `extent`. Where memory lacks, throws an error that says what would
 * fit: `ImageError` for images, which can be made smaller, `BackendError` for tokens. `action` completes "Cannot …".
 */
export async function fitting<Result>(
  { n, height, width }: Extent,
  { action, factor, work }: {
    action: "encode the image" | "reconstruct the image" | "decode the tokens";
    factor: number;
    work: () => Promise<Result>;
  },
): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof OutOfMemoryError)) throw cause;
    const { wanted, free, most } = cause.lack, isImage = action !== "decode the tokens";
    // Memory grows with the pixels.
    const pixels = Math.floor(n * height * width * free / wanted);
    const side = Math.floor(Math.sqrt(pixels) / factor) * factor;
    const smaller = isImage ? `resize the image (voken: --size ${side})` : "decode a smaller grid";
    const Kind = isImage ? ImageError : BackendError;
    throw new Kind(`Cannot ${action}`, {
      expected: `pixels that need at most ${mebibytes(free)} of memory`,
      got: `${n > 1 ? `${n} of ` : ""}${width}×${height} after padding, which need ${mebibytes(wanted)}`,
      hint: `about ${pixels} pixels fit, such as ${side}×${side}: ${smaller}${
        free < most ? ", or dispose models that are no longer needed" : ""
      }`,
      cause,
    });
  }
}
