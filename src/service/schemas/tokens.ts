import { z } from "@hono/zod-openapi";
import { fromBase64 } from "../../io/base64.ts";
import { image, type ImageOptions, model } from "./fields.ts";

/** Options of a request that encodes an image. */
export interface TokenizeOptions {
  readonly model?: string;
}

/** Options of a request that reconstructs an image. */
export interface ReconstructOptions extends TokenizeOptions, ImageOptions {}

/** Tokens as JSON, and the options of the decoded image. */
export interface DetokenizeBody extends ReconstructOptions {
  /** Rows and columns. */
  readonly grid: readonly [number, number];
  readonly codebookSize?: number;
  readonly size?: { readonly width: number; readonly height: number };
  /** Numbers, or packed bits. */
  readonly tokens: readonly number[] | Uint8Array;
}

/** The metadata of packed tokens, and the options of the decoded image. */
export interface PackedOptions extends ReconstructOptions {
  /** Rows and columns, as `8x8`. */
  readonly grid: string;
  /** Width and height, as `32x30`. */
  readonly size?: string;
}

/** Packed tokens as base64. */
const packed = z.base64().transform((text): Uint8Array => fromBase64(text));

/** Tokens as numbers, or packed. */
export const tokenList: z.ZodType<readonly number[] | Uint8Array> = z.union([
  z.array(z.int().min(0).max(2 ** 32 - 1)),
  packed,
], { error: "Expected a list of tokens, or packed tokens as base64" }).meta({
  description: "Tokens in row-major order; or packed, as base64",
});

const side = z.int().min(1).max(2 ** 20);

/** Options of a request that encodes an image. */
export const tokenizeOptions: z.ZodType<TokenizeOptions> = z.strictObject({ model });

/** Options of a request that reconstructs an image. */
export const reconstructOptions: z.ZodType<ReconstructOptions> = z.strictObject({ model, ...image });

/** Tokens as JSON, and the options of the decoded image. */
export const detokenizeBody: z.ZodType<DetokenizeBody> = z.strictObject({
  model,
  ...image,
  grid: z.tuple([side, side]).meta({ description: "Rows and columns", example: [8, 8] }),
  codebookSize: z.int().min(2).max(2 ** 32).optional().meta({
    description: "Number of codes that the tokens distinguish; must be the model's",
  }),
  size: z.strictObject({ width: side, height: side }).optional().meta({
    description: "Size of the image in pixels, if it was padded to whole tokens",
  }),
  tokens: tokenList.meta({ example: new Array(64).fill(5) }),
});

/** The metadata of packed tokens, and the options of the decoded image. */
export const packedOptions: z.ZodType<PackedOptions> = z.strictObject({
  model,
  ...image,
  grid: z.string().regex(/^\d{1,6}x\d{1,6}$/).meta({ description: "Rows and columns", example: "8x8" }),
  size: z.string().regex(/^\d{1,6}x\d{1,6}$/).optional().meta({ description: "Width and height" }),
});

/** The response with the tokens of an image. */
export const tokensResponse: z.ZodType = z.object({
  model: z.string(),
  grid: z.tuple([z.int(), z.int()]),
  codebookSize: z.int(),
  size: z.object({ width: z.int(), height: z.int() }).optional(),
  tokens: z.array(z.int()),
});
