import type { Context } from "hono";
import type { z } from "@hono/zod-openapi";
import { ArgumentError } from "../../tensor/errors.ts";
import type { Generation } from "../../transformer/generation.ts";
import type { Given } from "../../transformer/given.ts";
import { readFields } from "../http/fields.ts";
import type { BodyReader } from "../http/json.ts";
import { asRequestError } from "../http/error_response.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { badRequest, RequestError } from "../request_error.ts";
import { type GenerationBody, ignoredFields, ignoredSizes } from "../schemas/generation.ts";
import { validate } from "../schemas/validate.ts";
import { takeModel } from "./models.ts";

/** A validated request for images. */
export interface GenerationRequest<Body extends GenerationBody = GenerationBody> {
  readonly model: LoadedModel;
  readonly generation: NonNullable<LoadedModel["generation"]>;
  readonly body: Body;
  readonly seed: number;
  /** Width and height, as `64x64`. */
  readonly size: string;
  /** The candidates of each image; those of a part of one, if one is given. Throws `RequestError`. */
  plan(given?: Given): readonly (readonly Generation[])[];
}

/** Reads and validates a request for images. Throws `RequestError`. */
export async function readGenerationRequest<Body extends GenerationBody>(
  c: Context<Env>,
  request: BodyReader,
  { parts: { models, limits }, schema, types, classless = false }: {
    parts: Parts;
    schema: z.ZodType<Body>;
    /** Types of bodies. */
    types: readonly string[];
    /** Whether images may be of no class. */
    classless?: boolean;
  },
): Promise<GenerationRequest<Body>> {
  const fields = await readFields(c, request, { limits, types });
  const body = validate(schema, fields), { maxImages } = limits;
  if (body.n > maxImages) {
    const message = `Expected n of at most ${maxImages} (limit maxImages), got ${body.n}`;
    throw badRequest("too_many_images", message, "n");
  }
  const model = takeModel(c, models, body.model), { generation } = model;
  if (!generation) {
    const message = `Expected a model with a transformer, ${model.name} has none`;
    throw badRequest("model_cannot_generate", message, "model");
  }
  const { generator } = generation, size = `${generator.size}x${generator.size}`;
  const takesSize = body.size === undefined || [size, "auto", ...ignoredSizes].includes(body.size);
  if (!takesSize) {
    throw badRequest("invalid_size", `Expected the size ${size} of the model, or auto`, "size");
  }
  const ignored = ignoredFields.filter((name) => Object.hasOwn(fields.values, name));
  if (body.size !== undefined && ![size, "auto"].includes(body.size)) ignored.push("size");
  if (ignored.length > 0) c.header("voken-ignored", ignored.join(", "));
  const seed = body.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { guidance, temperature, top_k: topK, top_p: topP, candidates, n } = body;
  const classIds = classOf(body, { classes: generator.config.classes, classless });
  const options = { classIds, n, seed, guidance, temperature, topK, topP, candidates };
  const plan = (given?: Given) => {
    try {
      return generator.plan({ ...options, ...given && { given } });
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      const { status, code, message, param } = asRequestError(error);
      const other = body.class_id === undefined ? "prompt" : "class_id";
      throw new RequestError(status, code, { message, param: param ?? other, cause: error });
    }
  };
  // What it refuses should not wait for an image.
  plan();
  return { model, generation, body, seed, size, plan };
}

/** The requested class: its number, or a text that may be its name. */
function classOf(
  { prompt, class_id }: GenerationBody,
  { classes, classless }: { classes: number; classless: boolean },
): number | string | null {
  if (class_id !== undefined) return class_id;
  const text = prompt?.trim();
  if (text) return /^\d{1,9}$/.test(text) ? Number(text) : text.slice(0, 100);
  if (classless) return null;
  throw badRequest(
    "invalid_request",
    `Expected a class in the field prompt: a name, or a number up to ${classes - 1}`,
    "prompt",
  );
}
