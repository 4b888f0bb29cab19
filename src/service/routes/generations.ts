import type { Context } from "hono";
import { toBase64 } from "../../io/base64.ts";
import { streamSSE } from "hono/streaming";
import type { Generation } from "../../transformer/generation.ts";
import { decodePartial } from "../../transformer/partial_image.ts";
import type { Tokens } from "../../tokenizer/tokens.ts";
import { asRequestError, errorBodyOf } from "../http/error_response.ts";
import { logger } from "../observe/middleware.ts";
import type { App, Env, Parts } from "../parts.ts";
import { AdmittedRequest } from "../work/admitted_request.ts";
import { type GenerationRequest, readGenerationRequest } from "./generation_request.ts";

/** Generates images of classes: `POST /v1/images/generations`, compatible with OpenAI's API. */
export function generationRoute(app: App, parts: Parts): void {
  const { metrics } = parts;

  app.post("/v1/images/generations", async (c) => {
    parts.admission.check();
    const request = await readGenerationRequest(c, parts);
    const { body, generations, seed, size } = request;
    const created = Math.floor(Date.now() / 1000);
    if (body.stream) return streamImages(c, request, created);
    using admitted = new AdmittedRequest(c, parts);
    const files = await allOrNone(
      admitted,
      generations.map((generation) => generate(admitted, request, generation)),
    );
    return c.json({
      created,
      data: files.map((b64_json) => ({ b64_json })),
      output_format: body.output_format,
      size,
      seed,
      usage: usageOf(generations.flat()),
    });
  });

  function streamImages(c: Context<Env>, request: GenerationRequest, created: number): Response {
    const { body, generations, seed, size } = request;
    const admitted = new AdmittedRequest(c, parts);
    const shared = { created_at: created, output_format: body.output_format, size, seed };
    const { promise: streamed, resolve } = Promise.withResolvers<void>();
    c.set("streamed", streamed);
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => admitted.abort(new Error("the client disconnected")));
      const send = (type: string, data: object) =>
        stream.writeSSE({ event: type, data: JSON.stringify({ type, ...data, ...shared }) });
      try {
        await allOrNone(
          admitted,
          generations.map(async (generation, image_index) => {
            const b64_json = await generate(
              admitted,
              request,
              generation,
              async (b64_json, partial_image_index) => {
                await send("image_generation.partial_image", { b64_json, partial_image_index, image_index });
              },
            );
            const usage = usageOf(generation);
            await send("image_generation.completed", { b64_json, image_index, usage });
          }),
        );
      } catch (error) {
        if (stream.aborted) return;
        // The response began with status 200, so that the error must be an event.
        const requestError = asRequestError(error), requestId = c.get("requestId"), { code } = requestError;
        if (requestError.status >= 500) logger.error("{code}: {error}", { code, error, requestId });
        await send("error", errorBodyOf(requestError, requestId));
      } finally {
        admitted[Symbol.dispose]();
        resolve();
      }
    });
  }

  /**
   * Generates one image and returns its file as base64. Partial images of its first candidate are passed to `onPartial` in
   * order.
   */
  async function generate(
    admitted: AdmittedRequest,
    { model, generation: { generator, scheduler }, body }: GenerationRequest,
    candidates: readonly Generation[],
    onPartial?: (file: string, index: number) => Promise<void>,
  ): Promise<string> {
    const { grid } = generator.config, { codebookSize } = model.tokenizer;
    const tokensOf = (data: Uint32Array): Tokens => ({ grid: [grid, grid], codebookSize, data });
    const decode = (tokens: Tokens) => admitted.queued("decode", (job) => model.batcher.decode(tokens, job));
    const encode = async (image: Awaited<ReturnType<typeof decode>>) => {
      const options = {
        format: body.output_format,
        quality: body.output_compression,
        signal: admitted.signal,
      };
      return toBase64(await admitted.phase("encode file", () => parts.images.encode(image, options)));
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
    metrics.images(1);
    return file;
  }
}

/** The numbers of rows after which partial images are sent, evenly spaced and less than all rows. */
function partialRows(grid: number, count: number): number[] {
  const rows = Array.from({ length: count }, (_, i) => Math.floor(grid * (i + 1) / (count + 1)));
  return [...new Set(rows)].filter((row) => row > 0);
}

/** Waits for all results. If one fails, cancels the others and waits until they have ended. */
async function allOrNone<Result>(
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

function usageOf(generations: readonly Generation[]): object {
  const output_tokens = generations.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return {
    input_tokens: generations.length,
    output_tokens,
    total_tokens: generations.length + output_tokens,
    input_tokens_details: { image_tokens: 0, text_tokens: generations.length },
  };
}
