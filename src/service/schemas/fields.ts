import { z } from "@hono/zod-openapi";
import type { ImageFormat } from "../../image/header_type.ts";

/** Options of an image in a response. */
export interface ImageOptions {
  readonly format?: ImageFormat;
  readonly quality?: number;
}

/** The field `model`. */
export const model: z.ZodType<string | undefined> = z.string().max(200).optional().meta({
  description: "Name of the model; default: the first one that is served",
  example: "emoji-64",
});

/** The fields of `ImageOptions`. */
export const image: {
  readonly format: z.ZodType<ImageFormat | undefined>;
  readonly quality: z.ZodType<number | undefined>;
} = {
  format: z.enum(["png", "jpeg", "webp"]).optional().meta({
    description: "Format of the image; default: as the Accept header says, or PNG",
  }),
  quality: z.int().min(0).max(100).optional().meta({ description: "Quality of JPEG and WebP" }),
};
