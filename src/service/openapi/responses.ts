import { z } from "@hono/zod-openapi";
import { errorBody } from "../schemas/validate.ts";

/** A file, as OpenAPI describes it. */
export const binary: z.ZodType<string> = z.string().meta({ format: "binary" });

/** Contents by media type. */
export type Content = Readonly<Record<string, { readonly schema: z.ZodType }>>;

/** An image in any of the formats. */
export const imageFiles: Content = Object.fromEntries(
  ["image/png", "image/jpeg", "image/webp"].map((type) => [type, { schema: binary }]),
);

/** Headers of a response. */
export type Headers = Readonly<
  Record<string, { description: string; schema: { type: "string" }; example: string }>
>;

const header = (description: string, example: string): Headers[string] => ({
  description,
  schema: { type: "string" },
  example,
});

/** Headers of responses with tokens or an image of them. */
export const tokenHeaders: Headers = {
  "voken-model": header("The model", "emoji-64"),
  "voken-grid": header("Rows and columns of tokens", "16x16"),
  "voken-codebook-size": header("Number of codes that tokens distinguish", "262144"),
  "voken-size": header("Width and height of the image, if it was padded", "64x60"),
};

/** The header with the quality of a reconstruction. */
export const psnrHeader: Headers = { "voken-psnr": header("PSNR of the image in dB, or inf", "31.42") };

/** The header that names fields that were ignored. */
export const ignoredHeader: Headers = {
  "voken-ignored": header("Fields that mean nothing here", "quality, style"),
};

/** The header that names the version of a file. */
export const etagHeader: Headers = { etag: header("What If-None-Match takes", '"1795818826-2048"') };

const requestIdHeader = { "x-request-id": header("The id of the request, as logs have it", "7f1c2a") };
const retryHeader = { "retry-after": header("Seconds after which to try again", "1") };

const allowHeader = { allow: header("The methods that there are", "POST, OPTIONS") };

/** What each status of an error means. */
const descriptions = {
  400: "An invalid value, which the message and `param` name; or a damaged body",
  401: "No bearer token, or a wrong one",
  403: "A request by a page of another site",
  404: "An unknown model, file or address",
  405: "Another method; Allow names those that there are",
  406: "No type that the Accept header takes",
  408: "The request came too slowly",
  413: "A limit is exceeded, which the message names",
  415: "Another type of body or image",
  421: "A Host that the server does not answer for",
  429: "Too many requests",
  500: "An error of the service",
  503: "The service is stopping, out of memory, or failed",
  504: "The deadline or the time for an image is exceeded",
} as const;

/** Responses for errors of these statuses, and of those that any request may have. */
export function errors(...statuses: readonly (keyof typeof descriptions)[]): Record<number, object> {
  return Object.fromEntries([...statuses, 421 as const, 500 as const].map((status) => [status, {
    description: descriptions[status],
    headers: {
      ...requestIdHeader,
      ...[429, 503].includes(status) && retryHeader,
      ...status === 405 && allowHeader,
    },
    content: { "application/json": { schema: errorBody } },
  }]));
}

/** The response where all is well. */
export function success(content: Content, headers: Headers = {}): Record<number, object> {
  return { 200: { description: "Success", headers: { ...requestIdHeader, ...headers }, content } };
}
