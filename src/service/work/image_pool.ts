import type { ImageWorkerAnswer, ImageWorkerRequest } from "../../../workers/image_protocol.ts";
import type { Metrics } from "../observe/metrics.ts";
import { RequestError, unprocessable } from "../request_error.ts";
import { ImageWorker } from "./image_worker.ts";
import type { Images } from "./images.ts";

/**
 * Decodes and encodes in worker threads with limited memory. One that takes too long, runs out of memory or ends in any
 * other way costs one request, and is replaced.
 */
export class ImagePool implements Images {
  readonly #options: { memory: number; time: number; metrics: Metrics };
  /** Free workers, or those that wait for one. */
  readonly #free: ImageWorker[] = [];
  readonly #waiting: ((worker: ImageWorker) => void)[] = [];
  readonly #all: Set<ImageWorker> = new Set();
  readonly #size: number;
  #disposed = false;

  constructor(options: { size: number; memory: number; time: number; metrics: Metrics }) {
    this.#options = options;
    this.#size = options.size;
  }

  /** Starts the workers, which else come up with the first requests. */
  warmUp(): void {
    while (this.#all.size < this.#size) this.#free.push(this.#start());
  }

  async decode(
    bytes: Uint8Array,
    { maxPixels, signal }: { maxPixels: number; signal: AbortSignal },
  ): ReturnType<Images["decode"]> {
    // The bytes may be a view of a body that others need: they are copied.
    const answer = await this.#ask({ type: "decode", bytes, maxPixels }, { signal });
    if (answer.type === "decoded") return answer.image;
    throw this.#refusal(answer);
  }

  async encode(
    image: Parameters<Images["encode"]>[0],
    { format, quality, signal }: Parameters<Images["encode"]>[1],
  ): Promise<Uint8Array> {
    const answer = await this.#ask({ type: "encode", image, format, quality }, { signal });
    if (answer.type === "encoded") return answer.bytes;
    throw this.#refusal(answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#all].map((worker) => worker.terminate("the service was disposed")));
  }

  async #ask(request: ImageWorkerRequest, { signal }: { signal: AbortSignal }): Promise<ImageWorkerAnswer> {
    signal.throwIfAborted();
    const worker = await this.#take();
    const { time } = this.#options;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void worker.terminate("too slow");
    }, time);
    const leave = () => void worker.terminate("given up");
    signal.addEventListener("abort", leave, { once: true });
    try {
      signal.throwIfAborted();
      return await worker.ask(request, []);
    } catch (cause) {
      signal.throwIfAborted();
      if (late) {
        throw new RequestError(504, "codec_timeout", {
          message: `Expected a picture that is read or written within ${time} ms (limit codecTime)`,
          cause,
        });
      }
      throw failed(cause);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#release(worker);
    }
  }

  #take(): Promise<ImageWorker> {
    const free = this.#free.pop();
    if (free) return Promise.resolve(free);
    if (this.#all.size < this.#size) return Promise.resolve(this.#start());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(worker: ImageWorker): void {
    if (worker.ended !== undefined && !this.#disposed) {
      this.#all.delete(worker);
      this.#options.metrics.workerReplaced();
      worker = this.#start();
    }
    const next = this.#waiting.shift();
    if (next) next(worker);
    else this.#free.push(worker);
  }

  #start(): ImageWorker {
    const worker = new ImageWorker({ memory: this.#options.memory });
    this.#all.add(worker);
    return worker;
  }

  #refusal(answer: ImageWorkerAnswer): RequestError {
    if (answer.type === "refused") return unprocessable("invalid_image", answer.message);
    return failed(answer);
  }
}

function failed(cause: unknown): RequestError {
  return new RequestError(503, "image_worker_failed", {
    message: "The picture could not be read or written here; trying again may help",
    headers: { "retry-after": "1" },
    cause,
  });
}
