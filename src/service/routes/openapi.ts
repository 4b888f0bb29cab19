import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Hono } from "hono";
import { version } from "../../version.ts";
import type { Env } from "../parts.ts";
import {
  detokenizeBody,
  errorAnswer,
  generationAnswer,
  generationBody,
  packedOptions,
  reconstructOptions,
  tokenizeOptions,
  tokensAnswer,
} from "../schemas.ts";

/** Serves the OpenAPI document, made of the schemas that requests are checked by. */
export function openapiRoute(app: Hono<Env>): void {
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
  const refusals = Object.fromEntries(
    [400, 401, 403, 404, 413, 415, 422, 429, 503, 504].map((status) => [status, {
      description: refusalTexts[status]!,
      content: { "application/json": { schema: errorAnswer } },
    }]),
  );
  const post = (path: string, { summary, options, content, answer }: {
    summary: string;
    options: z.ZodType;
    content: Record<string, { schema: z.ZodType }>;
    answer: Record<string, { schema: z.ZodType }>;
  }) =>
    registry.registerPath({
      method: "post",
      path,
      summary,
      security: [{ bearer: [] }],
      request: { query: options as z.ZodObject, body: { required: true, content } },
      responses: { 200: { description: "Done", content: answer }, ...refusals },
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
    summary: "The tokens of an image, as JSON or packed",
    options: tokenizeOptions,
    content: withImage(tokenizeOptions),
    answer: { "application/json": { schema: tokensAnswer }, "application/octet-stream": { schema: binary } },
  });
  post("/v1/detokenize", {
    summary: "The image that tokens stand for",
    options: packedOptions,
    content: {
      "application/json": { schema: detokenizeBody },
      "application/octet-stream": { schema: binary },
    },
    answer: imageFiles(),
  });
  post("/v1/reconstruct", {
    summary: "An image as its tokens keep it; the header voken-psnr says in dB how well",
    options: reconstructOptions,
    content: withImage(reconstructOptions),
    answer: imageFiles(),
  });
  registry.registerPath({
    method: "post",
    path: "/v1/images/generations",
    summary: "Images of a class, in the shape of OpenAI's; with stream, as server-sent events",
    security: [{ bearer: [] }],
    request: { body: { required: true, content: { "application/json": { schema: generationBody } } } },
    responses: {
      200: {
        description: "Done",
        content: {
          "application/json": { schema: generationAnswer },
          "text/event-stream": {
            schema: z.string().meta({
              description: "image_generation.partial_image, image_generation.completed",
            }),
          },
        },
      },
      ...refusals,
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
      responses: { 200: { description: "So it is", content: { [type]: { schema } } } },
    });
  };
  get("/v1/models", "The models that are served");
  get("/v1/models/{name}", "One of the models");
  get("/v1/models/{name}/files/{file}", "A file of a model that browsers may run themselves", {
    type: "application/octet-stream",
    schema: binary,
  });
  get("/health", "Whether the service takes work");
  get("/v2/health/live", "Whether the service lives");
  get("/v2/health/ready", "Whether the service takes work");
  get("/metrics", "What was counted, for Prometheus", { type: "text/plain", schema: z.string() });
  get("/version", "The version of the service", { schema: z.object({ version: z.string() }) });
  return collector.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Voken", version, description: "Images to tokens and back, by Open-MAGVIT2" },
  });
}

const refusalTexts: Readonly<Record<number, string>> = {
  400: "No JSON, no multipart, or a body that breaks off",
  401: "No bearer token, or a wrong one",
  403: "A request by a page of another site",
  404: "No such model",
  413: "More than a limit allows; the message names it",
  415: "A content type or kind of image that is not taken",
  422: "Something in the request does not fit; the message says what",
  429: "Too many requests; Retry-After says when to come again",
  503: "The service is stopping, or could not finish; Retry-After says when to come again",
  504: "The deadline passed",
};
