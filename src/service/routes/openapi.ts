import { OpenAPIHono, z } from "@hono/zod-openapi";
import { version } from "../../version.ts";
import type { App } from "../parts.ts";
import { generationBody, generationResponse } from "../schemas/generation.ts";
import {
  detokenizeBody,
  packedOptions,
  reconstructOptions,
  tokenizeOptions,
  tokensResponse,
} from "../schemas/tokens.ts";
import { errorBody } from "../schemas/validate.ts";

/** Serves the OpenAPI document, which is built from the schemas that validate requests. */
export function openapiRoute(app: App): void {
  let document: object | undefined;
  app.get("/openapi.json", (c) => c.json(document ??= describeService()));
}

const binary = z.string().meta({ format: "binary" });
const imageFiles = (schema: z.ZodType = binary) =>
  Object.fromEntries(["image/png", "image/jpeg", "image/webp"].map((type) => [type, { schema }]));

function describeService(): object {
  const collector = new OpenAPIHono();
  const registry = collector.openAPIRegistry;
  registry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  const errors = Object.fromEntries(
    [400, 401, 403, 404, 413, 415, 429, 503, 504].map((status) => [status, {
      description: errorDescriptions[status]!,
      content: { "application/json": { schema: errorBody } },
    }]),
  );
  const post = (path: string, { summary, options, content, response }: {
    summary: string;
    options: z.ZodType;
    content: Record<string, { schema: z.ZodType }>;
    response: Record<string, { schema: z.ZodType }>;
  }) =>
    registry.registerPath({
      method: "post",
      path,
      summary,
      security: [{ bearer: [] }],
      request: { query: options as z.ZodObject, body: { required: true, content } },
      responses: { 200: { description: "Success", content: response }, ...errors },
    });

  const withImage = (options: z.ZodType) => ({
    ...imageFiles(),
    "multipart/form-data": { schema: (options as z.ZodObject).extend({ image: binary }) },
    "application/json": {
      schema: (options as z.ZodObject).extend({
        image: z.string().meta({ description: "A PNG, JPEG or WebP file as base64, or a data: URL of one" }),
      }),
    },
  });
  post("/v1/tokenize", {
    summary: "Encode an image to tokens, as JSON or packed",
    options: tokenizeOptions,
    content: withImage(tokenizeOptions),
    response: {
      "application/json": { schema: tokensResponse },
      "application/octet-stream": { schema: binary },
    },
  });
  post("/v1/detokenize", {
    summary: "Decode tokens to an image",
    options: packedOptions,
    content: {
      "application/json": { schema: detokenizeBody },
      "application/octet-stream": { schema: binary },
    },
    response: imageFiles(),
  });
  post("/v1/reconstruct", {
    summary: "Encode and decode an image; the header voken-psnr is the PSNR in dB",
    options: reconstructOptions,
    content: withImage(reconstructOptions),
    response: imageFiles(),
  });
  registry.registerPath({
    method: "post",
    path: "/v1/images/generations",
    summary: "Generate images of a class, compatible with OpenAI's API; with stream, as server-sent events",
    security: [{ bearer: [] }],
    request: { body: { required: true, content: { "application/json": { schema: generationBody } } } },
    responses: {
      200: {
        description: "Success",
        content: {
          "application/json": { schema: generationResponse },
          "text/event-stream": {
            schema: z.string().meta({
              description: "image_generation.partial_image, image_generation.completed",
            }),
          },
        },
      },
      ...errors,
    },
  });
  const get = (path: string, summary: string, { type = "application/json", schema = z.looseObject({}) }: {
    type?: string;
    schema?: z.ZodType;
  } = {}) => {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, z.string()]);
    registry.registerPath({
      method: "get",
      path,
      summary,
      ...path.startsWith("/v1/") || path === "/metrics" ? { security: [{ bearer: [] }] } : {},
      request: { params: z.object(Object.fromEntries(names)) },
      responses: { 200: { description: "Success", content: { [type]: { schema } } } },
    });
  };
  get("/v1/models", "List the models");
  get("/v1/models/{name}", "Describe a model");
  get("/v1/models/{name}/files/{file}", "Download a file of a model that can run in browsers", {
    type: "application/octet-stream",
    schema: binary,
  });
  get("/health", "Whether the service accepts work");
  get("/v2/health/live", "Whether the service is alive");
  get("/v2/health/ready", "Whether the service accepts work");
  get("/metrics", "Metrics in Prometheus' format", { type: "text/plain", schema: z.string() });
  get("/version", "The version of the service", { schema: z.object({ version: z.string() }) });
  return collector.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Voken", version, description: "Images to tokens and back, by Open-MAGVIT2" },
  });
}

const errorDescriptions: Readonly<Record<number, string>> = {
  400: "An invalid value, which the message and `param` name; or a damaged body",
  401: "Missing or invalid bearer token",
  403: "Request by a page of another site",
  404: "Unknown model or file",
  413: "A limit is exceeded; the message names it",
  415: "Unsupported content type or kind of image",
  429: "Too many requests; Retry-After says when to try again",
  503: "The service is stopping or failed; Retry-After says when to try again",
  504: "The deadline is exceeded",
};
