import { z } from "@hono/zod-openapi";
import type { ImageFormat } from "../../image/header_type.ts";
import { maxCandidates } from "../../transformer/settings.ts";
import { model } from "./fields.ts";

/** A number for both sub-tokens, or one for each. */
type PerSubToken = number | readonly [number, number];

/** A request for images: the fields of OpenAI's API, and settings of the sampler. */
export interface GenerationBody {
  readonly model?: string;
  readonly prompt?: string;
  readonly class_id?: number;
  readonly n: number;
  readonly size?: string;
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
}

const perSubToken = (description: string) =>
  z.union([z.number(), z.tuple([z.number(), z.number()])]).optional()
    .meta({ description: `${description}; default: the model's \`sampling\`` });

/** The most partial images of one image. */
const maxPartialImages = 64;

/** A request for images. */
export const generationBody: z.ZodType<GenerationBody> = z.strictObject({
  model,
  prompt: z.string().max(1000).optional().meta({
    description: "The class of the images, by name or number",
    example: "Flags",
  }),
  class_id: z.int().min(0).optional().meta({
    description: "The class of the images by number, instead of prompt",
  }),
  n: z.int().min(1).default(1).meta({ description: "Number of images" }),
  size: z.string().max(20).optional().meta({ description: "auto, or the size of the model's images" }),
  response_format: z.literal("b64_json").optional().meta({ description: "Images are returned as base64" }),
  output_format: z.enum(["png", "jpeg", "webp"]).default("png").meta({
    description: "Format of the images",
  }),
  output_compression: z.int().min(0).max(100).optional().meta({ description: "Quality of JPEG and WebP" }),
  stream: z.boolean().default(false).meta({
    description: "Return server-sent events, with partial images while they are generated",
  }),
  partial_images: z.int().min(0).max(maxPartialImages).default(0).meta({
    description: "Number of partial images of each image in a stream, at evenly spaced rows",
  }),
  user: z.string().max(1000).optional().meta({ description: "Ignored" }),
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
});

/** The response with generated images. */
export const generationResponse: z.ZodType = z.object({
  created: z.int(),
  data: z.array(z.object({ b64_json: z.string() })),
  output_format: z.string(),
  size: z.string(),
  seed: z.int(),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
});
