import type { Context } from "hono";
import type { Generation } from "../../transformer/generation.ts";
import { readBody } from "../http/body.ts";
import { parseJson } from "../http/json.ts";
import { mediaType, wrongType } from "../http/media.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { unprocessable } from "../request_error.ts";
import { check, type GenerationBody, generationBody } from "../schemas.ts";
import { findModel } from "./models.ts";

/** Images that are asked for, checked. */
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

/** Reads and checks a request for images. */
export async function readGenerationRequest(
  c: Context<Env>,
  { models, limits }: Parts,
): Promise<GenerationRequest> {
  if (mediaType(c.req.header("content-type")) !== "application/json") throw wrongType(["application/json"]);
  const bytes = await readBody(c.req.raw, { most: limits.maxJsonBytes, limit: "maxJsonBytes" });
  const fields = Object.entries(parseJson(bytes, { maxDepth: limits.maxJsonDepth }));
  // Fields that are null count as absent, as OpenAI's do.
  const body = check(generationBody, Object.fromEntries(fields.filter(([, value]) => value !== null)));
  const { maxImages } = limits;
  if (body.n > maxImages) {
    throw unprocessable(
      "too_many_images",
      `Expected n of at most ${maxImages} (limit maxImages), got ${body.n}`,
    );
  }
  const model = findModel(models, body.model), { generation } = model;
  if (!generation) {
    throw unprocessable("model_cannot_generate", `The model ${model.name} generates no images`);
  }
  const { generator } = generation, size = `${generator.size}x${generator.size}`;
  if (body.size !== undefined && body.size !== size && body.size !== "auto") {
    throw unprocessable("invalid_size", `Expected a size of ${size}, the model's, or auto`);
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

/** The class that is asked for: its number, or what could be its name. */
function classOf({ prompt, class_id }: GenerationBody, classes: number): number | string {
  if (class_id !== undefined) return class_id;
  const text = prompt?.trim();
  if (!text) {
    throw unprocessable(
      "invalid_request",
      `Expected a class as prompt, by name or number up to ${classes - 1}`,
    );
  }
  return /^\d{1,9}$/.test(text) ? Number(text) : text.slice(0, 100);
}
