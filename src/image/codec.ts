import { inBrowser } from "../io/host.ts";
import { encodeByBrowser } from "./codec_browser.ts";
import { packageCodec } from "./codec_packages.ts";
import type { Codec } from "./codec_type.ts";
import type { ImageFormat } from "./header_type.ts";

/**
 * Decodes a format by the codec of a package, which is imported when it is first asked for. Browsers have codecs, but each gives
 * other pixels for the same file.
 */
export async function decoderOf(format: Exclude<ImageFormat, "png">): Promise<Codec["decode"]> {
  return (await packageCodec(format)).decode;
}

/** Encodes a format by a browser's own codec, elsewhere by that of a package. */
export async function encoderOf(format: ImageFormat): Promise<Codec["encode"]> {
  if (inBrowser()) return (image, quality) => encodeByBrowser(image, { format, quality });
  const { encode }: Pick<Codec, "encode"> = await packageCodec(format);
  return encode;
}
