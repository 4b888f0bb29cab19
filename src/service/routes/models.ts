import type { Hono } from "hono";
import type { SamplingSettings } from "../../transformer/settings.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { RequestError } from "../request_error.ts";

/** Lists the models, in the form of OpenAI's, and gives single ones. */
export function modelRoutes(app: Hono<Env>, { models, created }: Parts): void {
  const describe = ({ name, tokenizer, generation, files }: LoadedModel) => ({
    id: name,
    object: "model",
    created,
    owned_by: "voken",
    codebookSize: tokenizer.codebookSize,
    factor: tokenizer.factor,
    capabilities: ["tokenize", "detokenize", "reconstruct", ...(generation ? ["generate"] : [])],
    ...(Object.keys(files).length > 0 && { files: Object.keys(files) }),
    ...(generation && {
      size: `${generation.generator.size}x${generation.generator.size}`,
      classes: generation.generator.classNames ?? generation.generator.config.classes,
      sampling: samplingOf(generation.generator.sampling),
    }),
  });
  app.get("/v1/models", (c) => c.json({ object: "list", data: [...models.values()].map(describe) }));
  app.get("/v1/models/:name", (c) => c.json(describe(findModel(models, c.req.param("name")))));
  app.get("/v1/models/:name/files/:file", async (c) => {
    const { files } = findModel(models, c.req.param("name")), file = c.req.param("file");
    if (!Object.hasOwn(files, file)) {
      throw new RequestError(404, "file_not_found", { message: "There is no such file for browsers" });
    }
    return c.body(new Uint8Array(await files[file]!()), 200, {
      "content-type": "application/octet-stream",
      "cache-control": "max-age=3600",
    });
  });
}

/** Settings in the form of a request's fields. */
function samplingOf(
  { guidance, temperature, topK, topP, candidates }: SamplingSettings,
): Record<string, unknown> {
  return { guidance, temperature, top_k: topK, top_p: topP, candidates };
}

/** The model of that name, or the first. Refuses with 404 a name that is not served; files are never looked for. */
export function findModel(models: ReadonlyMap<string, LoadedModel>, name: string | undefined): LoadedModel {
  const model = name === undefined ? models.values().next().value : models.get(name);
  if (model) return model;
  throw new RequestError(404, "model_not_found", {
    message: `Expected one of the models ${[...models.keys()].join(", ")}`,
  });
}
