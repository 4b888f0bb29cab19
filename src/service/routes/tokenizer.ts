import type { Context } from "hono";
import { psnr } from "../../image/metrics.ts";
import type { Image } from "../../image/image.ts";
import { takeTokens, type Tokens } from "../../tokenizer/tokens.ts";
import { readFields } from "../http/fields.ts";
import { negotiate } from "../http/media.ts";
import type { App, Env, LoadedModel, Parts } from "../parts.ts";
import { reconstructOptions, tokenizeOptions } from "../schemas/tokens.ts";
import { validate } from "../schemas/validate.ts";
import { checkFile } from "../work/images.ts";
import { packTokens } from "../work/packed_tokens.ts";
import { AdmittedRequest } from "../work/admitted_request.ts";
import { takeModel } from "./models.ts";
import { formatOf, respondWithImage } from "./image_response.ts";
import { imageBodies, takeImageFile } from "./image_request.ts";
import { readTokensRequest } from "./tokens_request.ts";
import { badRequest } from "../request_error.ts";

/** Endpoints that encode images, decode tokens, and do both. */
export function tokenizerRoutes(app: App, parts: Parts): void {
  const { models, limits } = parts;

  app.post("/v1/tokenize", async (c) => {
    using admitted = new AdmittedRequest(c, parts);
    const { file, fields } = await readImage(c, admitted);
    const model = takeModel(c, models, validate(tokenizeOptions, fields).model);
    const type = negotiate(c.req.header("accept"), ["application/json", "application/octet-stream"]);
    checkFile(file, { ...limits, factor: model.tokenizer.factor });
    const tokens = await encode(admitted, model, await decodeFile(admitted, file));
    describe(c, model, tokens);
    if (type === "application/octet-stream") {
      return c.body(packTokens(tokens.data, tokens.codebookSize), 200, { "content-type": type });
    }
    return c.json({
      model: model.name,
      grid: tokens.grid,
      codebookSize: tokens.codebookSize,
      ...(tokens.size ? { size: tokens.size } : {}),
      tokens: [...tokens.data],
    });
  });

  app.post("/v1/detokenize", async (c) => {
    using admitted = new AdmittedRequest(c, parts);
    const { model, tokens, options } = await readTokensRequest(c, admitted, parts);
    const format = formatOf(c, options);
    takeTokens(tokens, model.tokenizer);
    const image = await decode(admitted, model, tokens);
    return await respondWithImage(c, image, { parts, model, admitted, format, quality: options.quality });
  });

  app.post("/v1/reconstruct", async (c) => {
    using admitted = new AdmittedRequest(c, parts);
    const { file, fields } = await readImage(c, admitted);
    const { model: name, quality, ...wanted } = validate(reconstructOptions, fields);
    const model = takeModel(c, models, name);
    const format = formatOf(c, wanted);
    checkFile(file, { ...limits, factor: model.tokenizer.factor });
    const original = await decodeFile(admitted, file);
    checkTwoTokens(original, model);
    const tokens = await encode(admitted, model, original);
    const image = await decode(admitted, model, tokens);
    describe(c, model, tokens);
    const decibel = psnr(original, image);
    c.header("voken-psnr", Number.isFinite(decibel) ? decibel.toFixed(2) : "inf");
    return await respondWithImage(c, image, { parts, model, admitted, format, quality });
  });

  async function readImage(
    c: Context<Env>,
    admitted: AdmittedRequest,
  ): Promise<ReturnType<typeof takeImageFile>> {
    return takeImageFile(await readFields(c, admitted, { limits, types: imageBodies }));
  }

  function decodeFile(admitted: AdmittedRequest, file: Uint8Array): Promise<Image> {
    const { maxPixels } = limits;
    return admitted.phase(
      "decode file",
      () => parts.images.decode(file, { maxPixels, ...admitted.job }),
    );
  }

  async function encode(admitted: AdmittedRequest, model: LoadedModel, image: Image): Promise<Tokens> {
    const tokens = await admitted.queued("encode", (job) => model.batcher.encode(image, job));
    model.metrics.tokens("encoded", tokens.data.length);
    return tokens;
  }

  async function decode(admitted: AdmittedRequest, model: LoadedModel, tokens: Tokens): Promise<Image> {
    const image = await admitted.queued("decode", (job) => model.batcher.decode(tokens, job));
    model.metrics.tokens("decoded", tokens.data.length);
    return image;
  }

  /** Adds the metadata that packed tokens and image files do not contain as headers. */
  function describe(c: Context<Env>, model: LoadedModel, { grid, codebookSize, size }: Tokens): void {
    c.header("voken-model", model.name);
    c.header("voken-grid", grid.join("x"));
    c.header("voken-codebook-size", `${codebookSize}`);
    if (size) c.header("voken-size", `${size.width}x${size.height}`);
  }
}

/** Throws `RequestError` with 400 for an image of a single token, which the decoder's group norms cannot normalise. */
function checkTwoTokens({ width, height }: Image, { tokenizer: { factor } }: LoadedModel): void {
  if (width > factor || height > factor) return;
  throw badRequest(
    "invalid_image",
    `Expected an image of more than one token (${factor}×${factor} pixels)`,
    "image",
  );
}
