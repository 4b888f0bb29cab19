import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image_worker.ts";
import { ImageThread } from "./image_thread.ts";

/** The number of threads and the limits of each. */
export interface ImageThreadsOptions {
  readonly size: number;
  /** Heap of a thread in megabytes. */
  readonly memory: number;
  /** Time for one request in milliseconds. */
  readonly time: number;
  /** Called when a thread ended and was replaced. */
  readonly onReplaced?: () => void;
}

/** A thread did not answer: it took too long, or it ended. */
export class ThreadLostError extends Error {
  override readonly name = "ThreadLostError";
  /** Whether it took too long. */
  readonly timedOut: boolean;

  constructor(message: string, { timedOut, cause }: { timedOut: boolean; cause?: unknown }) {
    super(message, { cause });
    this.timedOut = timedOut;
  }
}

/**
 * A pool of threads with limited memory that decode, prepare and encode images. A thread that takes too long, runs out
 * of memory or ends for any other reason fails its request and is replaced.
 */
export class ImageThreads implements AsyncDisposable {
  readonly #options: ImageThreadsOptions;
  readonly #idle: ImageThread[] = [];
  /** Requests that wait for an idle thread; empty while there is one. */
  readonly #waiting: ((thread: ImageThread) => void)[] = [];
  readonly #all: Set<ImageThread> = new Set();
  #disposed = false;

  constructor(options: ImageThreadsOptions) {
    this.#options = options;
  }

  /**
   * Sends a request to the next idle thread. Buffers in `transfer` are moved to the thread.
   * Throws `ThreadLostError` if there is no answer, and the signal's reason once it is aborted.
   */
  async ask(
    request: ImageWorkerRequest,
    { signal, transfer = [] }: { signal: AbortSignal; transfer?: readonly ArrayBuffer[] },
  ): Promise<ImageWorkerAnswer> {
    signal.throwIfAborted();
    const thread = await this.#take();
    const { time } = this.#options;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void thread.terminate("timed out");
    }, time);
    const cancel = () => void thread.terminate("cancelled");
    signal.addEventListener("abort", cancel, { once: true });
    try {
      signal.throwIfAborted();
      return await thread.ask(request, { transfer });
    } catch (cause) {
      signal.throwIfAborted();
      const message = timedOut ? `no answer within ${time} ms` : "the thread ended";
      throw new ThreadLostError(message, { timedOut, cause });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      this.#release(thread);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#all].map((thread) => thread.terminate("disposed")));
  }

  #take(): Promise<ImageThread> {
    const idle = this.#idle.pop();
    if (idle) return Promise.resolve(idle);
    if (this.#all.size < this.#options.size) return Promise.resolve(this.#start());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(thread: ImageThread): void {
    if (thread.ended !== undefined && !this.#disposed) {
      this.#all.delete(thread);
      this.#options.onReplaced?.();
      thread = this.#start();
    }
    const next = this.#waiting.shift();
    if (next) next(thread);
    else this.#idle.push(thread);
  }

  #start(): ImageThread {
    const thread = new ImageThread({ memory: this.#options.memory });
    this.#all.add(thread);
    return thread;
  }
}
