import type { Context } from "hono";
import type { Tokens } from "../../tokenizer/tokens.ts";
import { readFields, type RequestFields } from "../http/fields.ts";
import type { BodyReader } from "../http/json.ts";
import type { Env, LoadedModel, Parts } from "../parts.ts";
import { badRequest, tooLarge } from "../request_error.ts";
import type { ImageOptions } from "../schemas/fields.ts";
import { type DetokenizeBody, detokenizeBody, packedOptions } from "../schemas/tokens.ts";
import { validate } from "../schemas/validate.ts";
import { unpackTokens } from "../work/packed_tokens.ts";
import { takeModel } from "./models.ts";

/** Tokens with their model and the options of the image. */
export interface TokensRequest {
  readonly model: LoadedModel;
  readonly tokens: Tokens;
  readonly options: ImageOptions;
}

/** Reads tokens as JSON, or packed with the options in the query. Does not check yet that they fit the model. */
export async function readTokensRequest(
  c: Context<Env>,
  request: BodyReader,
  { models, limits }: Parts,
): Promise<TokensRequest> {
  const fields = await readFields(c, request, {
    limits,
    types: ["application/json", "application/octet-stream"],
  });
  const { model: name, format, quality, ...body } = fields.file
    ? packedBody(fields)
    : validate(detokenizeBody, fields);
  const model = takeModel(c, models, name), { grid, size } = body;
  checkPixels(grid, model, limits.maxPixels);
  const codebookSize = body.codebookSize ?? model.tokenizer.codebookSize;
  const data = body.tokens instanceof Uint8Array
    ? unpackTokens(body.tokens, { count: grid[0] * grid[1], codebookSize })
    : Uint32Array.from(body.tokens);
  return { model, tokens: { grid, codebookSize, data, ...size && { size } }, options: { format, quality } };
}

/** What a body of packed tokens says, together with the query. */
function packedBody(fields: RequestFields): Omit<DetokenizeBody, "tokens"> & { tokens: Uint8Array } {
  const { grid, size, ...options } = validate(packedOptions, fields);
  const [width, height] = size ? pair(size, "size") : [];
  return {
    ...options,
    grid: pair(grid, "grid"),
    ...width && height && { size: { width, height } },
    tokens: fields.file!,
  };
}

function pair(text: string, name: string): [number, number] {
  const [first, second] = text.split("x").map(Number) as [number, number];
  if (first < 1 || second < 1) throw badRequest("invalid_request", "Expected sides of at least 1", name);
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
