import { toBase64 } from "../../io/base64.ts";
import type { Tokens } from "../../tokenizer/tokens.ts";
import type { Generation } from "../../transformer/generation.ts";
import { decodePartial } from "../../transformer/partial_image.ts";
import { imageTypes } from "../http/media.ts";
import type { Parts } from "../parts.ts";
import type { AdmittedRequest } from "../work/admitted_request.ts";
import { packTokens } from "../work/packed_tokens.ts";
import type { GenerationRequest } from "./generation_request.ts";

/** Images that are to be generated for a request. */
export interface GenerationTask {
  readonly admitted: AdmittedRequest;
  readonly parts: Parts;
  readonly request: GenerationRequest;
  /** The candidates of each image. */
  readonly generations: readonly (readonly Generation[])[];
}

/** An image in an answer. */
export interface ImageData {
  readonly b64_json?: string;
  readonly url?: string;
  readonly tokens?: string;
}

/** The answer with all images. */
export async function generatedImages(task: GenerationTask): Promise<object> {
  const { admitted, generations, request } = task, created = Math.floor(Date.now() / 1000);
  const data = await allOrNone(admitted, generations.map((candidates) => generateImage(task, candidates)));
  return { created, data, ...commonFields(request), usage: usageOf(generations.flat()) };
}

/** What answers and events say of all images. */
export function commonFields({ body, size, seed }: GenerationRequest): object {
  return { background: "opaque", output_format: body.output_format, quality: "auto", size, seed };
}

/** The tokens of some images, as OpenAI counts them. */
export function usageOf(generations: readonly Generation[]): object {
  const output_tokens = generations.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    input_tokens: generations.length,
    output_tokens,
    total_tokens: generations.length + output_tokens,
    input_tokens_details: { image_tokens: 0, text_tokens: generations.length },
  };
}

/**
 * Generates one image. Partial images of its first candidate are passed to `onPartial` in order.
 */
export async function generateImage(
  { admitted, parts, request: { model, generation: { generator, scheduler }, body } }: GenerationTask,
  candidates: readonly Generation[],
  onPartial?: (image: ImageData, index: number) => Promise<void>,
): Promise<ImageData> {
  const { grid } = generator.config, { codebookSize } = model.tokenizer;
  const tokensOf = (data: Uint32Array): Tokens => ({ grid: [grid, grid], codebookSize, data });
  const decode = (tokens: Tokens) => admitted.queued("decode", (job) => model.batcher.decode(tokens, job));
  const encode = async (image: Awaited<ReturnType<typeof decode>>): Promise<ImageData> => {
    const { output_format: format, output_compression: quality } = body;
    const options = { format, quality, ...admitted.job };
    const base64 = toBase64(await admitted.phase("encode file", () => parts.images.encode(image, options)));
    return body.response_format === "url"
      ? { url: `data:${imageTypes[format]};base64,${base64}` }
      : { b64_json: base64 };
  };
  const rowCounts = onPartial ? partialRows(grid, body.partial_images) : [];
  let partials: Promise<void> = Promise.resolve();
  const onToken = (count: number) => {
    const rows = count / grid, index = rowCounts.indexOf(rows);
    if (index < 0) return;
    const tokens = tokensOf(candidates[0]!.tokens);
    partials = partials.then(async () => {
      const image = await decodePartial(tokens, { rows, decode });
      await onPartial!(await encode(image), index);
    });
    // A failure is handled below, when the image is done; until then it must not count as unhandled.
    partials.catch(() => {});
  };
  await allOrNone(
    admitted,
    candidates.map((generation, i) =>
      admitted.queued(
        "generate",
        (job) => scheduler.generate(generation, job, { onToken: i === 0 ? onToken : undefined }),
      )
    ),
  );
  const { tokens } = await generator.likeliest(candidates, { signal: admitted.signal });
  const file = await encode(await decode(tokensOf(tokens)));
  await partials;
  model.metrics.images(1);
  return body.include_tokens ? { ...file, tokens: toBase64(packTokens(tokens, codebookSize)) } : file;
}

/** Waits for all results. If one fails, cancels the others and waits until they have ended. */
export async function allOrNone<Result>(
  admitted: AdmittedRequest,
  work: readonly Promise<Result>[],
): Promise<Result[]> {
  try {
    return await Promise.all(work);
  } catch (error) {
    admitted.abort(error);
    await Promise.allSettled(work);
    throw error;
  }
}

/** The numbers of rows after which partial images are sent, evenly spaced and less than all rows. */
function partialRows(grid: number, count: number): number[] {
  const rows = Array.from({ length: count }, (_, i) => Math.floor(grid * (i + 1) / (count + 1)));
  return [...new Set(rows)].filter((row) => row > 0);
}
