import type { Context } from "hono";
import type { SamplingSettings } from "../../transformer/settings.ts";
import type { App, Env, LoadedModel, Parts } from "../parts.ts";
import { isCurrent } from "../http/caching.ts";
import { fileBody } from "../http/file_body.ts";
import { quoted } from "../http/multipart.ts";
import { RequestError } from "../request_error.ts";

/** Lists the models in OpenAI's format, and serves the files that browsers may download. */
export function modelRoutes(app: App, { models, created }: Parts): void {
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
      throw new RequestError(404, "file_not_found", {
        message: "Expected the name of a file of this model that browsers may download",
      });
    }
    const content = await files[file]!(), etag = `"${created}-${content.size}"`;
    const caching = { etag, "cache-control": "max-age=3600" };
    if (isCurrent(c, etag)) return c.body(null, 304, caching);
    return c.body(fileBody(c, content.stream()), 200, {
      ...caching,
      "content-type": "application/octet-stream",
      "content-length": `${content.size}`,
    });
  });
}

/** Sampling settings with the field names of a request. */
function samplingOf(
  { guidance, temperature, topK, topP, candidates }: SamplingSettings,
): Record<string, unknown> {
  return { guidance, temperature, top_k: topK, top_p: topP, candidates };
}

/** The model of a request for model work, as `findModel` finds it; what is measured of the request carries its name. */
export function takeModel(
  c: Context<Env>,
  models: ReadonlyMap<string, LoadedModel>,
  name: string | undefined,
): LoadedModel {
  const model = findModel(models, name);
  c.set("model", model.name);
  return model;
}

/** The model of that name, or the first one. Throws `RequestError` with 404 if it is not served; no files are loaded. */
export function findModel(models: ReadonlyMap<string, LoadedModel>, name: string | undefined): LoadedModel {
  const model = name === undefined ? models.values().next().value : models.get(name);
  if (model) return model;
  throw new RequestError(404, "model_not_found", {
    message: `Expected one of the models ${[...models.keys()].join(", ")}, got ${quoted(name ?? "")}`,
    param: "model",
  });
}
