import { browserCodec } from "./codec_browser.ts";
import { packageCodec } from "./codec_packages.ts";
import type { Codec } from "./codec_type.ts";
import type { ImageFormat } from "./header_type.ts";

/** The codec of a format: a browser's own, elsewhere that of a package, which is imported when it is first asked for. */
export async function codecOf(format: ImageFormat): Promise<Codec> {
  return browserCodec(format) ?? await packageCodec(format);
}
