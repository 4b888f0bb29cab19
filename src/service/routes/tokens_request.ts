import type { Context } from "hono";
import type { Tokens } from "../../tokenizer/tokens.ts";
import { readBody } from "../http/body.ts";
import { readJson } from "../http/json.ts";
import { mediaType, wrongType } from "../http/media.ts";
import { queryOf } from "../http/query.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { badRequest, tooLarge } from "../request_error.ts";
import type { ImageOptions } from "../schemas/fields.ts";
import { detokenizeBody, packedOptions } from "../schemas/tokens.ts";
import { validate } from "../schemas/validate.ts";
import { unpackTokens } from "../work/packed_tokens.ts";
import { findModel } from "./models.ts";

/** Tokens with their model and the options of the image. */
export interface TokensRequest {
  readonly model: LoadedModel;
  readonly tokens: Tokens;
  readonly options: ImageOptions;
}

/** Reads tokens as JSON, or packed with the options in the query. Does not check yet that they fit the model. */
export async function readTokensRequest(
  c: Context<Env>,
  { models, limits }: Parts,
): Promise<TokensRequest> {
  const type = mediaType(c.req.header("content-type"));
  if (type === "application/json") {
    const body = validate(detokenizeBody, await readJson(c.req.raw, limits));
    const { model: name, grid, codebookSize, size, tokens, format, quality } = body;
    const model = findModel(models, name);
    checkPixels(grid, model, limits.maxPixels);
    return {
      model,
      tokens: {
        grid,
        codebookSize: codebookSize ?? model.tokenizer.codebookSize,
        data: Uint32Array.from(tokens),
        ...(size ? { size } : {}),
      },
      options: { format, quality },
    };
  }
  if (type !== "application/octet-stream") throw wrongType(["application/json", "application/octet-stream"]);
  const body = await readBody(c.req.raw, { most: limits.maxBodyBytes, limit: "maxBodyBytes" });
  const { model: name, grid: gridText, size: sizeText, format, quality } = validate(
    packedOptions,
    queryOf(c.req.url),
  );
  const model = findModel(models, name);
  const grid = pair(gridText), { codebookSize } = model.tokenizer;
  checkPixels(grid, model, limits.maxPixels);
  const [width, height] = sizeText ? pair(sizeText) : [];
  return {
    model,
    tokens: {
      grid,
      codebookSize,
      data: unpackTokens(body, { count: grid[0] * grid[1], codebookSize }),
      ...(width && height ? { size: { width, height } } : {}),
    },
    options: { format, quality },
  };
}

function pair(text: string): [number, number] {
  const [first, second] = text.split("x").map(Number) as [number, number];
  if (first < 1 || second < 1) throw badRequest("invalid_request", "Expected sides of at least 1");
  return [first, second];
}

function checkPixels([rows, columns]: readonly [number, number], model: LoadedModel, most: number): void {
  const { factor } = model.tokenizer;
  if (rows * columns * factor ** 2 <= most) return;
  throw tooLarge("too_many_pixels", {
    limit: "maxPixels",
    most: `${most} pixels`,
    got: `${columns * factor}×${rows * factor}`,
  });
}
