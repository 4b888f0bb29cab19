import type { Image } from "../../image/image.ts";
import type { Given } from "../../transformer/given.ts";
import type { Parts } from "../parts.ts";
import { badRequest } from "../request_error.ts";
import type { EditBody, VariationBody } from "../schemas/generation.ts";
import type { AdmittedRequest } from "../work/admitted_request.ts";
import { checkFile } from "../work/images.ts";
import type { GenerationRequest } from "./generation_request.ts";
import { unpackTokens } from "../work/packed_tokens.ts";
import { fileOf } from "./image_request.ts";

/** An alpha below it, of 255, counts as transparent. */
const opaque = 128;

/**
 * The image of an edit, cropped to a square and resized as the model's images were in training, and its mask: a token is drawn
 * anew if a pixel of it is transparent in `mask`, or without one in the image itself. Throws `RequestError`.
 */
export async function givenOfEdit(
  admitted: AdmittedRequest,
  request: GenerationRequest<EditBody>,
  parts: Parts,
): Promise<Given> {
  const { body: { tokens, mask: list }, model: { tokenizer: { codebookSize } } } = request;
  if (tokens) {
    return givenTokens({ tokens, list }, { grid: request.generation.generator.config.grid, codebookSize });
  }
  const file = fileOf(request.body.image, "image"), name = request.body.mask === undefined ? "image" : "mask";
  const maskFile = name === "image" ? file : fileOf(request.body.mask, name);
  const sizes = [file, maskFile].map((one) => checkFile(one, { ...parts.limits, factor: 1 }));
  if (sizes[0]!.width !== sizes[1]!.width || sizes[0]!.height !== sizes[1]!.height) {
    const [wanted, got] = sizes.map(({ width, height }) => `${width}×${height}`);
    throw badRequest("invalid_image", `Expected a mask of the image's size, ${wanted}, got ${got}`, "mask");
  }
  const { size, config: { grid } } = request.generation.generator;
  const prepared = { parts, size, file: maskFile };
  // Behind what is transparent the two differ.
  const [onWhite, onBlack] = [
    await decoded(admitted, { ...prepared, background: [255, 255, 255] }),
    await decoded(admitted, { ...prepared, background: [0, 0, 0] }),
  ];
  const mask = new Uint8Array(grid ** 2), side = size / grid;
  for (let i = 0; i < size ** 2; i++) {
    const isClear = 255 - (onWhite.data[3 * i]! - onBlack.data[3 * i]!) < opaque;
    if (isClear) mask[Math.floor(i / size / side) * grid + Math.floor(i % size / side)] = 1;
  }
  if (!mask.includes(1)) {
    throw badRequest("invalid_image", "Expected transparent pixels, where the image is drawn anew", name);
  }
  const image = name === "image" ? onWhite : await decoded(admitted, { parts, size, file });
  return { tokens: await encoded(admitted, request, image), mask };
}

/** What is given as tokens. The generator checks whether they and the mask fit. */
function givenTokens(
  { tokens, list }: { tokens: readonly number[] | Uint8Array; list: unknown },
  { grid, codebookSize }: { grid: number; codebookSize: number },
): Given {
  const data = tokens instanceof Uint8Array
    ? unpackTokens(tokens, { count: grid ** 2, codebookSize })
    : Uint32Array.from(tokens);
  return { tokens: { grid: [grid, grid], codebookSize, data }, mask: list as Given["mask"] };
}

/** The image of a variation, whose first rows are kept. Throws `RequestError`. */
export async function givenOfVariation(
  admitted: AdmittedRequest,
  request: GenerationRequest<VariationBody>,
  parts: Parts,
): Promise<Given> {
  const file = fileOf(request.body.image, "image"), { size, config: { grid } } = request.generation.generator;
  const rows = request.body.keep_rows ?? Math.floor(grid / 2);
  if (rows > grid) {
    throw badRequest("invalid_request", `Expected keep_rows of at most ${grid}, got ${rows}`, "keep_rows");
  }
  checkFile(file, { ...parts.limits, factor: 1 });
  const tokens = await encoded(admitted, request, await decoded(admitted, { parts, size, file }));
  return { tokens, mask: Array.from(tokens.data, (_, i) => i >= rows * grid) };
}

function decoded(
  admitted: AdmittedRequest,
  { parts, size, file, background }: {
    parts: Parts;
    size: number;
    file: Uint8Array;
    background?: readonly [number, number, number];
  },
): Promise<Image> {
  const { limits: { maxPixels }, images } = parts,
    preparation = { size, crop: "center", mirrored: false } as const;
  return admitted.phase(
    "decode file",
    () => images.decode(file, { ...admitted.job, maxPixels, background, preparation }),
  );
}

function encoded(
  admitted: AdmittedRequest,
  { model }: GenerationRequest,
  image: Image,
): Promise<Given["tokens"]> {
  return admitted.queued("encode", (job) => model.batcher.encode(image, job));
}
