import type { Context } from "hono";
import type { Generation } from "../../transformer/generation.ts";
import { readJson } from "../http/json.ts";
import { mediaType, wrongType } from "../http/media.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { badRequest } from "../request_error.ts";
import { type GenerationBody, generationBody } from "../schemas/generation.ts";
import { validate } from "../schemas/validate.ts";
import { findModel } from "./models.ts";

/** A validated request for images. */
export interface GenerationRequest {
  readonly model: LoadedModel;
  readonly generation: NonNullable<LoadedModel["generation"]>;
  readonly body: GenerationBody;
  /** The candidates of each image. */
  readonly generations: readonly (readonly Generation[])[];
  readonly seed: number;
  /** Width and height, as `64x64`. */
  readonly size: string;
}

/** Reads and validates a request for images. Throws `RequestError`. */
export async function readGenerationRequest(
  c: Context<Env>,
  { models, limits }: Parts,
): Promise<GenerationRequest> {
  if (mediaType(c.req.header("content-type")) !== "application/json") throw wrongType(["application/json"]);
  const fields = Object.entries(await readJson(c.req.raw, limits));
  // As in OpenAI's API, fields that are null count as absent.
  const body = validate(generationBody, Object.fromEntries(fields.filter(([, value]) => value !== null)));
  const { maxImages } = limits;
  if (body.n > maxImages) {
    throw badRequest(
      "too_many_images",
      `Expected n of at most ${maxImages} (limit maxImages), got ${body.n}`,
    );
  }
  const model = findModel(models, body.model), { generation } = model;
  if (!generation) {
    throw badRequest(
      "model_cannot_generate",
      `Expected a model with a transformer, ${model.name} has none`,
    );
  }
  const { generator } = generation, size = `${generator.size}x${generator.size}`;
  if (body.size !== undefined && body.size !== size && body.size !== "auto") {
    throw badRequest("invalid_size", `Expected the size ${size} of the model, or auto`);
  }
  const seed = body.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { guidance, temperature, top_k: topK, top_p: topP, candidates, n } = body;
  const generations = generator.plan({
    classIds: classOf(body, generator.config.classes),
    n,
    seed,
    guidance,
    temperature,
    topK,
    topP,
    candidates,
  });
  return { model, generation, body, generations, seed, size };
}

/** The requested class: its number, or a text that may be its name. */
function classOf({ prompt, class_id }: GenerationBody, classes: number): number | string {
  if (class_id !== undefined) return class_id;
  const text = prompt?.trim();
  if (!text) {
    throw badRequest(
      "invalid_request",
      `Expected a class in the field prompt: a name, or a number up to ${classes - 1}`,
    );
  }
  return /^\d{1,9}$/.test(text) ? Number(text) : text.slice(0, 100);
}
