import { meanGradient, psnr, ssim } from "../image/metrics.ts";
import { DataError } from "../tensor/errors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { CodebookUsage } from "../tokenizer/quantizers/codebook_usage.ts";
import { ImageReader, type ImageReaderOptions } from "../data/image_reader.ts";
import type { ImageSource } from "../data/source.ts";
import { squareSize, squaresOf } from "../data/squares.ts";

/** How a tokenizer is evaluated. */
export interface EvaluateOptions extends ImageReaderOptions {
  /** Pixels of a side; default that of the images, where they are squares for the tokenizer. */
  readonly size?: number;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

/** How well a tokenizer keeps images. All of it is computed on 8-bit images, as they are saved. */
export interface ReconstructionQuality {
  /** Images that were taken, and those that were damaged. */
  readonly images: number;
  readonly damaged: number;
  /** Pixels of a side. */
  readonly size: number;
  /** Mean over images of the peak signal-to-noise ratio, in dB. */
  readonly psnr: number;
  /** Mean over images of the structural similarity. */
  readonly ssim: number;
  /** Mean gradient of all reconstructions over that of all originals: 1 where they are as sharp. */
  readonly sharpness: number;
  /** Different codes that occurred, and their share of all that there are. */
  readonly codes: number;
  readonly utilization: number;
}

/**
 * Brings a source's images to squares, cut out of the middle, reconstructs them and tells how well they are kept.
 *
 * Throws `ArgumentError` where the size does not fit the tokenizer, `DataError` where too many images are damaged, or all.
 */
export async function evaluateReconstruction(
  source: ImageSource,
  tokenizer: Tokenizer,
  options: EvaluateOptions = {},
): Promise<ReconstructionQuality> {
  const { signal } = options, total = source.length;
  const { size } = await squareSize(source, tokenizer, options.size);
  await using reader = new ImageReader(source, options);
  const usage = new CodebookUsage(tokenizer), sums = { psnr: 0, ssim: 0, before: 0, after: 0 };
  let count = 0;
  for await (const { squares, next } of squaresOf(reader, { begin: 0, end: total, size })) {
    signal?.throwIfAborted();
    const originals = squares.map(({ image }) => image);
    const tokens = originals.length > 0 ? await tokenizer.encode(originals, { signal }) : [];
    const decoded = tokens.length > 0 ? await tokenizer.decode(tokens, { signal }) : [];
    for (const [i, original] of originals.entries()) {
      sums.psnr += psnr(original, decoded[i]!);
      sums.ssim += ssim(original, decoded[i]!);
      sums.before += meanGradient(original);
      sums.after += meanGradient(decoded[i]!);
      usage.add(tokens[i]!.data);
    }
    count += originals.length;
    options.onProgress?.({ done: next, total });
  }
  if (count === 0) {
    throw new DataError(`Cannot evaluate on ${source.name}`, {
      expected: "an image that is whole",
      got: `${total} damaged ones`,
    });
  }
  return {
    images: count,
    damaged: total - count,
    size,
    psnr: sums.psnr / count,
    ssim: sums.ssim / count,
    sharpness: sums.after / sums.before,
    codes: usage.codes,
    utilization: usage.utilization,
  };
}
