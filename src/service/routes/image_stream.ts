import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { asRequestError, errorBodyOf } from "../http/error_response.ts";
import type { Env } from "../parts.ts";
import { clientGone, type RequestError } from "../request_error.ts";
import { allOrNone, commonFields, generateImage, type GenerationTask, usageOf } from "./generated_images.ts";

/** Milliseconds between comments in a stream without events, for which proxies keep it open. */
const heartbeat = 10_000;
/** Milliseconds after which clients that reconnect by themselves should do so. */
const retry = 3000;

/** Answers with server-sent events, as OpenAI's API does: partial images while they are generated, whole ones, an error. */
export function streamImages(
  c: Context<Env>,
  { event, owned, ...task }: GenerationTask & { event: string; owned: AsyncDisposable },
): Response {
  const { admitted, generations, request } = task, created_at = Math.floor(Date.now() / 1000);
  const { promise: streamed, resolve } = Promise.withResolvers<RequestError | undefined>();
  c.set("streamed", streamed);
  // Nginx would keep events back.
  c.header("x-accel-buffering", "no");
  return streamSSE(c, async (stream) => {
    let failure: RequestError | undefined;
    stream.onAbort(() => admitted.abort(clientGone()));
    const send = (type: string, data: object) =>
      stream.writeSSE({ event: type, data: JSON.stringify({ type, ...data }) });
    const sendImage = (type: string, data: object) =>
      send(`${event}.${type}`, { ...data, created_at, ...commonFields(request) });
    const beat = setInterval(() => void stream.write(": \n\n"), heartbeat);
    try {
      await stream.write(`retry: ${retry}\n\n`);
      await allOrNone(
        admitted,
        generations.map(async (candidates, image_index) => {
          const image = await generateImage(
            task,
            candidates,
            async (image, partial_image_index) => {
              await sendImage("partial_image", { ...image, partial_image_index, image_index });
            },
          );
          await sendImage("completed", { ...image, image_index, usage: usageOf(candidates) });
        }),
      );
    } catch (error) {
      // The response began with status 200, so that the error must be an event.
      failure = asRequestError(error);
      if (!stream.aborted) await send("error", errorBodyOf(failure, c.get("requestId")));
    } finally {
      clearInterval(beat);
      await owned[Symbol.asyncDispose]();
      resolve(failure);
    }
  });
}
