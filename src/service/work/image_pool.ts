import type { ImageWorkerAnswer, ImageWorkerRequest } from "../../../workers/image_protocol.ts";
import { ImageThreads, ThreadLostError } from "../../../workers/image_threads.ts";
import type { Metrics } from "../observe/metrics.ts";
import { RequestError, unprocessable } from "../request_error.ts";
import { type Images, imagesHere } from "./images.ts";

/** Pixels up to which writing a PNG takes less of this thread than asking another: a third of a millisecond. */
const pixelsHere = 128 ** 2;

/** Decodes and encodes in threads of their own; what they do not do is answered with a status. */
export class ImagePool implements Images {
  readonly #threads: ImageThreads;
  readonly #time: number;

  constructor({ metrics, ...options }: { size: number; memory: number; time: number; metrics: Metrics }) {
    this.#threads = new ImageThreads({ ...options, onReplaced: () => metrics.workerReplaced() });
    this.#time = options.time;
  }

  async decode(
    bytes: Uint8Array,
    { maxPixels, signal }: { maxPixels: number; signal: AbortSignal },
  ): ReturnType<Images["decode"]> {
    // The bytes may be a view of a body that others need: they are copied.
    const answer = await this.#ask({ type: "decode", bytes, maxPixels }, signal);
    if (answer.type === "decoded") return answer.image;
    throw refusal(answer);
  }

  async encode(
    image: Parameters<Images["encode"]>[0],
    options: Parameters<Images["encode"]>[1],
  ): Promise<Uint8Array> {
    const { format, quality, signal } = options;
    if (format === "png" && image.width * image.height <= pixelsHere) {
      return await imagesHere.encode(image, options);
    }
    const answer = await this.#ask({ type: "encode", image, format, quality }, signal);
    if (answer.type === "encoded") return answer.bytes;
    throw refusal(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #ask(request: ImageWorkerRequest, signal: AbortSignal): Promise<ImageWorkerAnswer> {
    try {
      return await this.#threads.ask(request, { signal });
    } catch (error) {
      if (!(error instanceof ThreadLostError)) throw error;
      if (!error.late) throw failed(error);
      throw new RequestError(504, "codec_timeout", {
        message: `Expected an image that is read or written within ${this.#time} ms (limit codecTime)`,
        cause: error,
      });
    }
  }
}

function refusal(answer: ImageWorkerAnswer): RequestError {
  if (answer.type === "refused") return unprocessable("invalid_image", answer.message);
  return failed(answer);
}

function failed(cause: unknown): RequestError {
  return new RequestError(503, "image_worker_failed", {
    message: "The image could not be read or written here; trying again may help",
    headers: { "retry-after": "1" },
    cause,
  });
}
