import type { Context } from "hono";
import { fromBase64 } from "../../io/base64.ts";
import { sniffFormat } from "../../image/header.ts";
import { readBody } from "../http/body.ts";
import { readJson } from "../http/json.ts";
import { mediaType, wrongType } from "../http/media.ts";
import { parseMultipart } from "../http/multipart.ts";
import { queryOf } from "../http/query.ts";
import type { Limits } from "../limits.ts";
import type { Env } from "../parts.ts";
import { badRequest } from "../request_error.ts";

/** An image file and the options sent with it, not yet validated. */
export interface ImageRequest {
  readonly file: Uint8Array;
  readonly options: Readonly<Record<string, unknown>>;
}

const accepted = ["image/png", "image/jpeg", "image/webp", "multipart/form-data", "application/json"];

/**
 * Reads an image that was sent as the body (with options in the query), as the field `image` of a form, or as base64 in
 * the field `image` of a JSON body. Throws `RequestError` for anything else. URLs are never fetched.
 */
export async function readImageRequest(c: Context<Env>, limits: Limits): Promise<ImageRequest> {
  const contentType = c.req.header("content-type");
  const type = mediaType(contentType);
  if (type === "application/json") {
    const { image, ...options } = await readJson(c.req.raw, limits);
    return { file: imageOfText(image), options };
  }
  if (!type.startsWith("image/") && type !== "multipart/form-data" && type !== "application/octet-stream") {
    throw wrongType(accepted);
  }
  const body = await readBody(c.req.raw, { most: limits.maxBodyBytes, limit: "maxBodyBytes" });
  if (type !== "multipart/form-data") return { file: body, options: queryOf(c.req.url) };
  const fields = await parseMultipart(body, { contentType: contentType!, maxFields: limits.maxFields });
  const { image, ...options } = Object.fromEntries(fields);
  if (!(image instanceof File)) {
    throw badRequest("invalid_image", "Expected a file in the field image; URLs are not fetched", "image");
  }
  return { file: new Uint8Array(await image.arrayBuffer()), options };
}

/** Decodes base64 or a base64 data: URL. Other URLs and paths are rejected. */
function imageOfText(text: unknown): Uint8Array {
  const invalid = () =>
    badRequest(
      "invalid_image",
      "Expected an image as base64 in the field image; URLs are not fetched",
      "image",
    );
  if (typeof text !== "string") throw invalid();
  let file: Uint8Array;
  try {
    file = fromBase64(text.replace(/^data:image\/\w+;base64,/, ""));
  } catch {
    throw invalid();
  }
  // Some paths happen to be valid base64.
  if (file.length > 0 && !sniffFormat(file)) throw invalid();
  return file;
}
