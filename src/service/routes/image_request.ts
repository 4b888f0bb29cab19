import { sniffFormat } from "../../image/header.ts";
import { fromBase64 } from "../../io/base64.ts";
import type { RequestFields } from "../http/fields.ts";
import { badRequest } from "../request_error.ts";

/** The types of bodies with an image. */
export const imageBodies: readonly string[] = [
  "image/…",
  "application/octet-stream",
  "multipart/form-data",
  "application/json",
];

/** Takes the image file of a request out of its fields. URLs are never fetched. Throws `RequestError` with 400 without one. */
export function takeImageFile({ values: { image, ...values }, texts, file }: RequestFields): {
  file: Uint8Array;
  fields: RequestFields;
} {
  return { file: file ?? fileOf(image, "image"), fields: { values, texts } };
}

/** The bytes of a file of a form, or of base64 or a base64 data: URL in JSON. Other URLs and paths are rejected. */
export function fileOf(value: unknown, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  const invalid = () =>
    badRequest(
      "invalid_image",
      `Expected an image as a file of a form, or as base64 of JSON, in the field ${name}; URLs are not fetched`,
      name,
    );
  if (typeof value !== "string") throw invalid();
  let file: Uint8Array;
  try {
    file = fromBase64(value.replace(/^data:image\/\w+;base64,/, ""));
  } catch {
    throw invalid();
  }
  // Some paths happen to be valid base64.
  if (file.length > 0 && !sniffFormat(file)) throw invalid();
  return file;
}
