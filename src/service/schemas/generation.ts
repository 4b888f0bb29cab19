import { z } from "@hono/zod-openapi";
import type { ImageFormat } from "../../image/header_type.ts";
import { maxCandidates } from "../../transformer/settings.ts";
import { model } from "./fields.ts";
import { tokenList } from "./tokens.ts";

/** A number for both sub-tokens, or one for each. */
type PerSubToken = number | readonly [number, number];

/** A request for images: the fields of OpenAI's API, and settings of the sampler. */
export interface GenerationBody {
  readonly model?: string;
  readonly prompt?: string;
  readonly class_id?: number;
  readonly n: number;
  readonly size?: string;
  readonly response_format: "b64_json" | "url";
  readonly output_format: ImageFormat;
  readonly output_compression?: number;
  readonly stream: boolean;
  readonly partial_images: number;
  readonly seed?: number;
  readonly guidance?: PerSubToken;
  readonly temperature?: PerSubToken;
  readonly top_k?: PerSubToken;
  readonly top_p?: PerSubToken;
  readonly candidates?: number;
  readonly include_tokens: boolean;
}

/** A request that draws a part of an image anew. */
export interface EditBody extends GenerationBody {
  /** A file, or base64 of one. */
  readonly image?: unknown;
  /** The tokens of the image instead. */
  readonly tokens?: readonly number[] | Uint8Array;
  /** A file, or base64 of one; or for each token whether it is drawn anew. */
  readonly mask?: unknown;
}

/** A request for images that begin as one that is given. */
export interface VariationBody extends GenerationBody {
  readonly image?: unknown;
  readonly keep_rows?: number;
}

const perSubToken = (description: string) =>
  z.union([z.number(), z.tuple([z.number(), z.number()])], { error: "Expected a number or a list of two" })
    .optional().meta({ description: `${description}; default: the model's \`sampling\`` });

/** The most partial images of one image. */
const maxPartialImages = 64;

/** Fields of OpenAI's API that mean nothing here; the header `voken-ignored` names those that a request has. */
export const ignoredFields: readonly string[] = [
  "quality",
  "background",
  "moderation",
  "style",
  "input_fidelity",
  "complexity",
  "user",
  "safety_identifier",
];

/** Sizes of OpenAI's models, which clients send by default. Images have the size of the model. */
export const ignoredSizes: readonly string[] = [
  ...["256x256", "512x512", "1024x1024", "1536x1024", "1024x1536", "1792x1024", "1024x1792"],
];

const ignored = z.string().max(1000).optional().meta({
  description: "Taken for OpenAI's clients, and ignored",
});

const fields = {
  model,
  prompt: z.string().max(32_000).optional().meta({
    description: "The class of the images, by name or number",
    example: "Flags",
  }),
  class_id: z.int().min(0).optional().meta({
    description: "The class of the images by number, instead of prompt",
  }),
  n: z.int().min(1).default(1).meta({ description: "Number of images" }),
  size: z.string().max(20).optional().meta({
    description: "auto, or the size of the model's images; OpenAI's sizes are ignored",
  }),
  response_format: z.enum(["b64_json", "url"]).default("b64_json").meta({
    description: "Images as base64, or as data: URLs",
  }),
  output_format: z.enum(["png", "jpeg", "webp"]).default("png").meta({ description: "Format of the images" }),
  output_compression: z.int().min(0).max(100).optional().meta({ description: "Quality of JPEG and WebP" }),
  stream: z.boolean().default(false).meta({
    description: "Return server-sent events, with partial images while they are generated",
  }),
  partial_images: z.int().min(0).max(maxPartialImages).default(0).meta({
    description: "Number of partial images of each image in a stream, at evenly spaced rows",
  }),
  seed: z.int().min(0).optional().meta({
    description: "Seed of the sampler; the same seed generates the same images; default: random",
  }),
  guidance: perSubToken("Scale of classifier-free guidance; 1 or less disables it"),
  temperature: perSubToken("Sampling temperature; 0 always takes the most likely token"),
  top_k: perSubToken("Sample from the k most likely tokens; 0 for all"),
  top_p: perSubToken("Sample from the most likely tokens whose probabilities add up to p"),
  candidates: z.int().min(1).max(maxCandidates).optional().meta({
    description: "Number of candidates of each image, of which the most likely one is returned",
  }),
  include_tokens: z.boolean().default(false).meta({
    description: "Return the tokens of each image, too: packed, as base64, as /v1/detokenize takes them",
  }),
  ...Object.fromEntries(ignoredFields.map((name) => [name, ignored])),
};

const image = z.unknown().optional().meta({ description: "The image: a file of a form, or base64 in JSON" });

/** A request for images. */
export const generationBody: z.ZodType<GenerationBody> = z.strictObject(fields);

/** A request that draws a part of an image anew. */
export const editBody: z.ZodType<EditBody> = z.strictObject({
  ...fields,
  image,
  tokens: tokenList.optional().meta({
    description:
      "The tokens of the image instead of image, as numbers or packed as base64; mask is a list then",
  }),
  mask: z.unknown().optional().meta({
    description:
      "An image of the same size that is transparent where it is to be drawn anew, or a list of 0 and 1 for each token; default: the image itself",
  }),
});

/** A request for images that begin as one that is given. */
export const variationBody: z.ZodType<VariationBody> = z.strictObject({
  ...fields,
  image,
  keep_rows: z.int().min(0).optional().meta({
    description: "Rows of tokens that are kept, from the top; default: half of them",
  }),
});

const usage = z.object({
  input_tokens: z.int(),
  output_tokens: z.int(),
  total_tokens: z.int(),
  input_tokens_details: z.object({ image_tokens: z.int(), text_tokens: z.int() }),
});

/** The response with generated images. */
export const generationResponse: z.ZodType = z.object({
  created: z.int(),
  data: z.array(
    z.object({ b64_json: z.string().optional(), url: z.string().optional(), tokens: z.string().optional() }),
  ),
  background: z.string(),
  quality: z.string(),
  output_format: z.string(),
  size: z.string(),
  seed: z.int(),
  usage,
}).meta({ id: "Images" });
