import type { ImageWorkerAnswer, ImageWorkerRequest } from "../../../workers/image_worker.ts";
import { ImageThreads, ThreadLostError } from "../../../workers/image_threads.ts";
import type { Metrics } from "../observe/metrics.ts";
import { badRequest, RequestError } from "../request_error.ts";
import type { Image } from "../../image/image.ts";
import { CodecQueue } from "./codec_queue.ts";
import { headOf, type ImageDecoding, type Images, localImages } from "./images.ts";
import type { Job } from "./job.ts";

/** Up to this many pixels, encoding a PNG takes less time than a message to a worker and back. */
const maxLocalPixels = 128 ** 2;
/** A file of at most so many bytes and pixels is small: it takes some milliseconds. */
const smallBytes = 2 ** 18, smallPixels = 256 ** 2;

/** Decodes and encodes image files in worker threads, and turns their failures into `RequestError`s. */
export class ImagePool implements Images {
  readonly #threads: ImageThreads;
  readonly #time: number;
  readonly #queue: CodecQueue;
  readonly #metrics: Metrics;

  constructor({ metrics, ...options }: { size: number; memory: number; time: number; metrics: Metrics }) {
    this.#queue = new CodecQueue(options.size);
    this.#threads = new ImageThreads({ ...options, onReplaced: () => metrics.workerReplaced() });
    this.#time = options.time;
    this.#metrics = metrics;
  }

  async decode(
    bytes: Uint8Array,
    { maxPixels, background, preparation, ...job }: ImageDecoding,
  ): Promise<Image> {
    // The bytes are copied to the worker: they may be a view of a request body that is still needed.
    const request = { type: "decode", bytes, maxPixels, background, preparation } as const;
    const { width, height } = headOf(bytes);
    const answer = await this.#ask(request, job, { bytes: bytes.length, pixels: width * height });
    if (answer.type === "decoded") return answer.image;
    throw errorOf(answer);
  }

  async encode(
    image: Parameters<Images["encode"]>[0],
    options: Parameters<Images["encode"]>[1],
  ): Promise<Uint8Array> {
    const { format, quality, ...job } = options, pixels = image.width * image.height;
    if (format === "png" && pixels <= maxLocalPixels) {
      return await localImages.encode(image, options);
    }
    const answer = await this.#ask({ type: "encode", image, format, quality }, job, { bytes: 0, pixels });
    if (answer.type === "encoded") return answer.bytes;
    throw errorOf(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #ask(
    request: ImageWorkerRequest,
    { client, signal }: Job,
    { bytes, pixels }: { bytes: number; pixels: number },
  ): Promise<ImageWorkerAnswer> {
    const size = bytes <= smallBytes && pixels <= smallPixels ? "small" : "large";
    const arrived = performance.now();
    using _thread = await this.#queue.enter({ client, size, signal });
    this.#metrics.codecQueued((performance.now() - arrived) / 1000);
    try {
      return await this.#threads.ask(request, { signal });
    } catch (error) {
      if (!(error instanceof ThreadLostError)) throw error;
      if (!error.timedOut) throw workerFailed(error);
      throw new RequestError(504, "codec_timeout", {
        message: `Expected an image that is decoded or encoded within ${this.#time} ms (limit codecTime)`,
        cause: error,
      });
    }
  }
}

function errorOf(answer: ImageWorkerAnswer): RequestError {
  if (answer.type === "refused") return badRequest("invalid_image", answer.message, "image");
  return workerFailed(answer);
}

function workerFailed(cause: unknown): RequestError {
  return new RequestError(503, "image_worker_failed", {
    message: "Cannot decode or encode the image now; try again",
    headers: { "retry-after": "1" },
    cause,
  });
}
