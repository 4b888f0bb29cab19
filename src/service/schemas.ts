import { z } from "@hono/zod-openapi";
import type { ImageFormat } from "../image/header_type.ts";
import { shown } from "./http/multipart.ts";
import { type RequestError, unprocessable } from "./request_error.ts";
import { maxCandidates } from "../transformer/settings.ts";

/** How an image is answered. */
export interface ImageOptions {
  readonly format?: ImageFormat;
  readonly quality?: number;
}

/** Options of a request that sends an image and gets tokens. */
export interface TokenizeOptions {
  readonly model?: string;
}

/** Options of a request that sends an image and gets one. */
export interface ReconstructOptions extends TokenizeOptions, ImageOptions {}

/** Width and height. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Tokens as JSON. */
export interface DetokenizeBody extends ReconstructOptions {
  readonly grid: readonly [number, number];
  readonly codebookSize?: number;
  readonly size?: Size;
  readonly tokens: readonly number[];
}

/** What packed tokens do not say themselves. */
export interface PackedOptions extends ReconstructOptions {
  /** Rows and columns, as `8x8`. */
  readonly grid: string;
  /** Width and height, as `32x30`. */
  readonly size?: string;
}

/** A whole number that forms and queries write as text. */
const numeric = (number: z.ZodNumber): z.ZodType<number> =>
  z.union([number, z.string().regex(/^-?\d{1,15}$/).transform(Number).pipe(number)]);

const model = z.string().max(200).optional().meta({
  description: "Name of the model; the first that is served where absent",
  example: "emoji-64",
});

const image = {
  format: z.enum(["png", "jpeg", "webp"]).optional().meta({
    description: "Format of the answer; else the Accept header decides, else PNG",
  }),
  quality: numeric(z.int().min(0).max(100)).optional().meta({ description: "Quality of JPEG and WebP" }),
};

const side = z.int().min(1).max(2 ** 20);

/** Options of a request that sends an image and gets tokens. */
export const tokenizeOptions: z.ZodType<TokenizeOptions> = z.strictObject({ model });

/** Options of a request that sends an image and gets one. */
export const reconstructOptions: z.ZodType<ReconstructOptions> = z.strictObject({ model, ...image });

/** Tokens as JSON, with what the image made of them should be. */
export const detokenizeBody: z.ZodType<DetokenizeBody> = z.strictObject({
  model,
  ...image,
  grid: z.tuple([side, side]).meta({ description: "Rows and columns", example: [8, 8] }),
  codebookSize: z.int().min(2).max(2 ** 32).optional().meta({
    description: "Number of codes that the tokens distinguish; must be the model's",
  }),
  size: z.strictObject({ width: side, height: side }).optional().meta({
    description: "Pixels of the image, where it was padded to whole tokens",
  }),
  tokens: z.array(z.int().min(0).max(2 ** 32 - 1)).meta({
    description: "Row by row from the top",
    example: new Array(64).fill(5),
  }),
});

/** Options of a request that sends packed tokens. */
export const packedOptions: z.ZodType<PackedOptions> = z.strictObject({
  model,
  ...image,
  grid: z.string().regex(/^\d{1,6}x\d{1,6}$/).meta({ description: "Rows and columns", example: "8x8" }),
  size: z.string().regex(/^\d{1,6}x\d{1,6}$/).optional().meta({ description: "Width and height" }),
});

/** Tokens as they are answered. */
export const tokensAnswer: z.ZodType = z.object({
  model: z.string(),
  grid: z.tuple([z.int(), z.int()]),
  codebookSize: z.int(),
  size: z.object({ width: z.int(), height: z.int() }).optional(),
  tokens: z.array(z.int()),
});

/** What a request for images says: the shape of OpenAI's, and how tokens are generated. */
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
  readonly guidance?: number | readonly [number, number];
  readonly temperature?: number | readonly [number, number];
  readonly top_k?: number | readonly [number, number];
  readonly top_p?: number | readonly [number, number];
  readonly candidates?: number;
}

/** A number, or one for each sub-token. */
const perSubToken = (description: string) =>
  z.union([z.number(), z.tuple([z.number(), z.number()])]).optional()
    .meta({ description: `${description}; if absent, as the model's \`sampling\` says` });

/** The most partial images of one image. */
const maxPartialImages = 64;

/** A request for images. */
export const generationBody: z.ZodType<GenerationBody> = z.strictObject({
  model,
  prompt: z.string().max(1000).optional().meta({
    description: "A class, by name or number",
    example: "Flags",
  }),
  class_id: z.int().min(0).optional().meta({ description: "A class by number, in place of the prompt" }),
  n: z.int().min(1).default(1).meta({ description: "Images" }),
  size: z.string().max(20).optional().meta({ description: "auto, or the size of the model's images" }),
  response_format: z.literal("b64_json").optional().meta({ description: "Images come as base64 only" }),
  output_format: z.enum(["png", "jpeg", "webp"]).default("png").meta({
    description: "Format of the images",
  }),
  output_compression: z.int().min(0).max(100).optional().meta({ description: "Quality of JPEG and WebP" }),
  stream: z.boolean().default(false).meta({
    description: "Answer by server-sent events, as images appear",
  }),
  partial_images: z.int().min(0).max(maxPartialImages).default(0).meta({
    description: "Unfinished images that a stream shows of each, evenly spread over the rows",
  }),
  user: z.string().max(1000).optional().meta({ description: "Taken and not used" }),
  seed: z.int().min(0).optional().meta({
    description: "The same seed generates the same images; random if absent",
  }),
  guidance: perSubToken("How strongly the class is followed; 1 or less is without guidance"),
  temperature: perSubToken("0 takes the likeliest token, 1 generates as trained"),
  top_k: perSubToken("Generate from so many of the likeliest; 0 from all"),
  top_p: perSubToken("Generate from the likeliest that make up this share"),
  candidates: z.int().min(1).max(maxCandidates).optional().meta({
    description: "How often each image is generated, of which the likeliest is kept",
  }),
});

/** The answer to a request for images. */
export const generationAnswer: z.ZodType = z.object({
  created: z.int(),
  data: z.array(z.object({ b64_json: z.string() })),
  output_format: z.string(),
  size: z.string(),
  seed: z.int(),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), total_tokens: z.int() }),
});

/** The answer to a request that was refused. */
export const errorAnswer: z.ZodType = z.object({
  error: z.object({ code: z.string(), message: z.string(), requestId: z.string() }),
});

/** Checks `value` by a schema. Refuses with 422, naming the first thing that does not fit. */
export function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusal(result.error.issues[0]!);
}

/** Fields of earlier versions, and what replaces them. */
const renamed: Readonly<Record<string, string>> = { bits: "codebookSize, which is 2 to the power of bits" };

function refusal(issue: z.core.$ZodIssue): RequestError {
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string];
    const now = Object.hasOwn(renamed, key) ? `: it is now ${renamed[key]}` : "";
    return unprocessable("unknown_field", `Unknown field ${shown(key)}${now}`);
  }
  const where = issue.path.map(String).join(".");
  return unprocessable("invalid_request", `${where ? `${where}: ` : ""}${issue.message}`);
}
