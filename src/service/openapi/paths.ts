import { type RouteConfig, z } from "@hono/zod-openapi";
import { editBody, generationBody, generationResponse, variationBody } from "../schemas/generation.ts";
import { modelList, modelResponse } from "../schemas/models.ts";
import {
  detokenizeBody,
  packedOptions,
  reconstructOptions,
  tokenizeOptions,
  tokensResponse,
} from "../schemas/tokens.ts";
import {
  binary,
  type Content,
  errors,
  etagHeader,
  ignoredHeader,
  imageFiles,
  psnrHeader,
  success,
  tokenHeaders,
} from "./responses.ts";

const json = (schema: z.ZodType): Content => ({ "application/json": { schema } });
const base64 = z.string().meta({ description: "A PNG, JPEG or WebP file as base64, or a data: URL of one" });
const withFields = (schema: z.ZodType, fields: Record<string, z.ZodType>): z.ZodType =>
  (schema as z.ZodObject).extend(fields);

/** An image with options, as a file, in a form or in JSON. */
const imageBodies = (options: z.ZodType): Content => ({
  ...imageFiles,
  "multipart/form-data": { schema: withFields(options, { image: binary }) },
  ...json(withFields(options, { image: base64 })),
});
/** Fields with an image and perhaps a mask, in a form or in JSON. */
const formBodies = (schema: z.ZodType, fields: (file: z.ZodType) => Record<string, z.ZodType>): Content => ({
  "multipart/form-data": { schema: withFields(schema, fields(binary)) },
  ...json(withFields(schema, fields(base64))),
});

const events = z.string().meta({
  description: "Events: partial_image and completed, with the fields of OpenAI's, and error",
  example:
    'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"…"}\n\n',
});
const images = success(
  { ...json(generationResponse), "text/event-stream": { schema: events } },
  ignoredHeader,
);
const workErrors = errors(400, 401, 403, 404, 405, 408, 413, 415, 429, 503, 504);
const guarded = { security: [{ bearer: [] }] }, open = { security: [] };

/** A request that makes a model work. */
const work = (
  path: string,
  { id, tag, summary, query, content, responses }: {
    id: string;
    tag: string;
    summary: string;
    query?: z.ZodType;
    content: Content;
    responses: Record<number, object>;
  },
): RouteConfig => ({
  ...{ method: "post", path, operationId: id, tags: [tag], summary, ...guarded },
  request: { ...query && { query: query as z.ZodObject }, body: { required: true, content } },
  responses: { ...responses, ...workErrors } as RouteConfig["responses"],
});

/** A request that reads something. */
const read = (path: string, { id, tag, summary, responses, isOpen = false }: {
  id: string;
  tag: string;
  summary: string;
  responses: Record<number, object>;
  isOpen?: boolean;
}): RouteConfig => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name!, z.string()]);
  return {
    ...{ method: "get", path, operationId: id, tags: [tag], summary, ...isOpen ? open : guarded },
    ...names.length > 0 && { request: { params: z.object(Object.fromEntries(names)) } },
    responses: responses as RouteConfig["responses"],
  };
};

const readErrors = errors(401, 404, 405, 429), healthErrors = errors(405);
const ready = json(z.object({ ready: z.boolean() }));

/** The endpoints of the service. */
export const paths: readonly RouteConfig[] = [
  work("/v1/tokenize", {
    ...{ id: "tokenize", tag: "tokens", summary: "Encode an image to tokens, as JSON or packed" },
    query: tokenizeOptions,
    content: imageBodies(tokenizeOptions),
    responses: {
      ...success({ ...json(tokensResponse), "application/octet-stream": { schema: binary } }, tokenHeaders),
      ...errors(406),
    },
  }),
  work("/v1/detokenize", {
    ...{ id: "detokenize", tag: "tokens", summary: "Decode tokens to an image" },
    query: (packedOptions as unknown as z.ZodObject).partial(),
    content: { ...json(detokenizeBody), "application/octet-stream": { schema: binary } },
    responses: { ...success(imageFiles), ...errors(406) },
  }),
  work("/v1/reconstruct", {
    ...{ id: "reconstruct", tag: "tokens", summary: "Encode and decode an image" },
    query: reconstructOptions,
    content: imageBodies(reconstructOptions),
    responses: { ...success(imageFiles, { ...tokenHeaders, ...psnrHeader }), ...errors(406) },
  }),
  work("/v1/images/generations", {
    ...{ id: "createImage", tag: "images", summary: "Generate images of a class" },
    content: json(generationBody),
    responses: images,
  }),
  work("/v1/images/edits", {
    ...{ id: "createImageEdit", tag: "images", summary: "Draw the transparent part of an image anew" },
    content: formBodies(editBody, (file) => ({
      image: file.optional(),
      mask: z.union([file, z.array(z.int().min(0).max(1))]).optional(),
    })),
    responses: images,
  }),
  work("/v1/images/variations", {
    ...{ id: "createImageVariation", tag: "images", summary: "Generate images that begin as a given one" },
    content: formBodies(variationBody, (image) => ({ image })),
    responses: images,
  }),
  read("/v1/models", {
    ...{ id: "listModels", tag: "models", summary: "List the models" },
    responses: { ...success(json(modelList)), ...readErrors },
  }),
  read("/v1/models/{name}", {
    ...{ id: "retrieveModel", tag: "models", summary: "Describe a model" },
    responses: { ...success(json(modelResponse)), ...readErrors },
  }),
  read("/v1/models/{name}/files/{file}", {
    ...{ id: "downloadFile", tag: "models", summary: "Download a file of a model that can run in browsers" },
    responses: {
      ...success({ "application/octet-stream": { schema: binary } }, etagHeader),
      304: { description: "The file that the client has is current", headers: etagHeader },
      ...readErrors,
    },
  }),
  read("/health", {
    ...{ id: "health", tag: "operation", summary: "Whether the service accepts work", isOpen: true },
    responses: { ...success(ready), ...healthErrors, 503: { description: "It is stopping", content: ready } },
  }),
  read("/v2/health/ready", {
    ...{ id: "isReady", tag: "operation", summary: "Whether the service accepts work", isOpen: true },
    responses: { ...success(ready), ...healthErrors, 503: { description: "It is stopping", content: ready } },
  }),
  read("/v2/health/live", {
    ...{ id: "isLive", tag: "operation", summary: "Whether the service is alive", isOpen: true },
    responses: { ...success(json(z.object({ live: z.boolean() }))), ...healthErrors },
  }),
  read("/version", {
    ...{ id: "version", tag: "operation", summary: "The version of the service", isOpen: true },
    responses: { ...success(json(z.object({ version: z.string() }))), ...healthErrors },
  }),
  read("/metrics", {
    ...{ id: "metrics", tag: "operation", summary: "Metrics in Prometheus' format" },
    responses: { ...success({ "text/plain": { schema: z.string() } }), ...readErrors },
  }),
];
