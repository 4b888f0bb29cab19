import type { Context } from "hono";
import { editBody, type GenerationBody, generationBody, variationBody } from "../schemas/generation.ts";
import type { App, Env, Parts } from "../parts.ts";
import type { Given } from "../../transformer/given.ts";
import { AdmittedRequest } from "../work/admitted_request.ts";
import { type GenerationRequest, readGenerationRequest } from "./generation_request.ts";
import { generatedImages } from "./generated_images.ts";
import { streamImages } from "./image_stream.ts";
import { givenOfEdit, givenOfVariation } from "./given_image.ts";

const json = ["application/json"], forms = ["multipart/form-data", "application/json"];

/** Generates images of classes, and draws parts of images anew: `/v1/images/…`, compatible with OpenAI's API. */
export function generationRoutes(app: App, parts: Parts): void {
  app.post("/v1/images/generations", (c) =>
    answer(c, {
      event: "image_generation",
      read: (admitted) => readGenerationRequest(c, admitted, { parts, schema: generationBody, types: json }),
    }));

  app.post("/v1/images/edits", (c) =>
    answer(c, {
      event: "image_edit",
      read: (admitted) => readGenerationRequest(c, admitted, { parts, schema: editBody, types: forms }),
      given: (admitted, request) => givenOfEdit(admitted, request, parts),
    }));

  app.post("/v1/images/variations", (c) =>
    answer(c, {
      event: "image_generation",
      read: (admitted) =>
        readGenerationRequest(c, admitted, { parts, schema: variationBody, types: forms, classless: true }),
      given: (admitted, request) => givenOfVariation(admitted, request, parts),
    }));

  async function answer<Body extends GenerationBody>(
    c: Context<Env>,
    { event, read, given }: {
      /** What events of a stream begin with. */
      event: string;
      read(admitted: AdmittedRequest): Promise<GenerationRequest<Body>>;
      given?(admitted: AdmittedRequest, request: GenerationRequest<Body>): Promise<Given>;
    },
  ): Promise<Response> {
    // A stream outlives this function.
    await using owned = new AsyncDisposableStack();
    const admitted = owned.use(new AdmittedRequest(c, parts));
    const request = await read(admitted);
    const generations = request.plan(await given?.(admitted, request));
    const work = { admitted, parts, request, generations };
    if (request.body.stream) return streamImages(c, { ...work, event, owned: owned.move() });
    return c.json(await generatedImages(work));
  }
}
