import { z } from "@hono/zod-openapi";

const pair = z.tuple([z.number(), z.number()]);

/** A model, in OpenAI's format with fields of ours. */
export const modelResponse: z.ZodType = z.object({
  id: z.string(),
  object: z.literal("model"),
  created: z.int(),
  owned_by: z.string(),
  codebookSize: z.int(),
  factor: z.int().meta({ description: "Pixels of a token along each side" }),
  capabilities: z.array(z.string()),
  files: z.array(z.string()).optional().meta({ description: "Files that browsers may download" }),
  size: z.string().optional().meta({ description: "Width and height of generated images", example: "64x64" }),
  classes: z.union([z.array(z.string()), z.int()]).optional().meta({
    description: "The names of the classes, or how many there are",
  }),
  sampling: z.object({
    guidance: pair,
    temperature: pair,
    top_k: pair,
    top_p: pair,
    candidates: z.int(),
  }).optional().meta({ description: "The defaults of sampling, for each sub-token" }),
}).meta({ id: "Model" });

/** All models. */
export const modelList: z.ZodType = z.object({ object: z.literal("list"), data: z.array(modelResponse) });
