/** What the browser runs; bundled by `codecs.slow.ts`, which calls it. */
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import type { ImageFormat } from "../../src/image/header_type.ts";
import { psnr } from "../../src/image/metrics.ts";

/** The tests that the page offers. */
export interface CodecsPage {
  /** The pixels of a file and its size, or the message of the error. */
  decode(file: readonly number[]): Promise<{ width: number; height: number; data: number[] } | string>;
  /** The PSNR in dB of a smooth image that was encoded and decoded. */
  roundTrip(format: ImageFormat, quality: number): Promise<number>;
}

const page: CodecsPage = {
  async decode(file) {
    try {
      const { width, height, data } = await decodeImage(new Uint8Array(file));
      return { width, height, data: [...data] };
    } catch (error) {
      return (error as Error).message;
    }
  },
  async roundTrip(format, quality) {
    const [width, height] = [40, 30];
    const data = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => (i / 3 / width | 0) * 4 + i % 3 * 40,
    );
    const image = { width, height, data };
    return psnr(image, await decodeImage(await encodeImage(image, { format, quality })));
  },
};

Object.assign(globalThis, { page });
