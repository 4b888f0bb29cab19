import type { Context } from "hono";
import type { Image } from "../../image/image.ts";
import type { ImageFormat } from "../../image/header_type.ts";
import { imageTypes, negotiate } from "../http/media.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import type { ImageOptions } from "../schemas/fields.ts";
import type { AdmittedRequest } from "../work/admitted_request.ts";

/** The format of the response, from the option `format` or the Accept header. Throws `RequestError` with 406. */
export function formatOf(c: Context<Env>, { format }: ImageOptions): ImageFormat {
  if (format) return format;
  const type = negotiate(c.req.header("accept"), ["image/png", "image/jpeg", "image/webp"]);
  return (Object.keys(imageTypes) as ImageFormat[]).find((name) => imageTypes[name] === type)!;
}

/** Responds with an encoded image. */
export async function respondWithImage(
  c: Context<Env>,
  image: Image,
  { parts, model, admitted, format, quality }: {
    parts: Parts;
    model: LoadedModel;
    admitted: AdmittedRequest;
    format: ImageFormat;
    quality?: number;
  },
): Promise<Response> {
  const bytes = await admitted.phase(
    "encode file",
    () => parts.images.encode(image, { format, quality, ...admitted.job }),
  );
  model.metrics.images(1);
  return c.body(new Uint8Array(bytes), 200, { "content-type": imageTypes[format] });
}
