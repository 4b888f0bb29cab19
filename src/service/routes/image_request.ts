import type { Context } from "hono";
import { sniffFormat } from "../../image/header.ts";
import { readBody } from "../http/body.ts";
import { parseJson } from "../http/json.ts";
import { mediaType, wrongType } from "../http/media.ts";
import { parseMultipart } from "../http/multipart.ts";
import { queryOf } from "../http/query.ts";
import type { Limits } from "../limits.ts";
import type { Env } from "../parts.ts";
import { unprocessable } from "../request_error.ts";

/** An image file that came, and what was said beside it, not yet checked. */
export interface ImageRequest {
  readonly file: Uint8Array;
  readonly options: Readonly<Record<string, unknown>>;
}

const wanted = ["image/png", "image/jpeg", "image/webp", "multipart/form-data", "application/json"];

/**
 * Reads an image that was sent in one of three ways: as the body, with options in the query; as the field `image` of a
 * form; as base64 in the field `image` of JSON. Refuses what is none of these, and never fetches anything.
 */
export async function readImageRequest(c: Context<Env>, limits: Limits): Promise<ImageRequest> {
  const contentType = c.req.header("content-type");
  const type = mediaType(contentType);
  if (type === "application/json") {
    const most = limits.maxJsonBytes;
    const body = await readBody(c.req.raw, { most, limit: "maxJsonBytes" });
    const { image, ...options } = parseJson(body, { maxDepth: limits.maxJsonDepth });
    return { file: fromBase64(image), options };
  }
  if (!type.startsWith("image/") && type !== "multipart/form-data" && type !== "application/octet-stream") {
    throw wrongType(wanted);
  }
  const body = await readBody(c.req.raw, { most: limits.maxBodyBytes, limit: "maxBodyBytes" });
  if (type !== "multipart/form-data") return { file: body, options: queryOf(c.req.url) };
  const fields = await parseMultipart(body, { contentType: contentType!, maxFields: limits.maxFields });
  const { image, ...options } = Object.fromEntries(fields);
  if (!(image instanceof File)) {
    throw unprocessable("invalid_image", "Expected a file in the field image; nothing is ever fetched");
  }
  return { file: new Uint8Array(await image.arrayBuffer()), options };
}

/** The file of a base64 text, or a data: URL of one. Addresses and paths are neither. */
function fromBase64(text: unknown): Uint8Array {
  const refuse = () =>
    unprocessable(
      "invalid_image",
      "Expected an image as base64 in the field image; nothing is ever fetched",
    );
  if (typeof text !== "string") throw refuse();
  let file: Uint8Array;
  try {
    file = Uint8Array.fromBase64(text.replace(/^data:image\/\w+;base64,/, ""));
  } catch {
    throw refuse();
  }
  // Some paths are base64 by accident.
  if (file.length > 0 && !sniffFormat(file)) throw refuse();
  return file;
}
