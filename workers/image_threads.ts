import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image_protocol.ts";
import { ImageThread } from "./image_thread.ts";

/** How many threads there are, and what each may use. */
export interface ImageThreadsOptions {
  readonly size: number;
  /** Megabytes of a thread's heap. */
  readonly memory: number;
  /** Milliseconds for one thing. */
  readonly time: number;
  /** Called when a thread was lost and another takes its place. */
  readonly onReplaced?: () => void;
}

/** A thread did not answer: its time was up, or it ended. */
export class ThreadLostError extends Error {
  override readonly name = "ThreadLostError";
  /** Whether it took too long. */
  readonly late: boolean;

  constructor(message: string, { late, cause }: { late: boolean; cause?: unknown }) {
    super(message, { cause });
    this.late = late;
  }
}

/**
 * Threads with limited memory that decode, prepare and encode images. One that takes too long, runs out of memory or
 * ends in any other way costs what it was asked for, and is replaced.
 */
export class ImageThreads implements AsyncDisposable {
  readonly #options: ImageThreadsOptions;
  /** Free threads, or those that wait for one. */
  readonly #free: ImageThread[] = [];
  readonly #waiting: ((thread: ImageThread) => void)[] = [];
  readonly #all: Set<ImageThread> = new Set();
  #disposed = false;

  constructor(options: ImageThreadsOptions) {
    this.#options = options;
  }

  /**
   * Asks for one thing, when a thread is free. What is transferred is gone here.
   * Throws `ThreadLostError` where no answer came, and the signal's reason once it is aborted.
   */
  async ask(
    request: ImageWorkerRequest,
    { signal, transfer = [] }: { signal: AbortSignal; transfer?: readonly ArrayBuffer[] },
  ): Promise<ImageWorkerAnswer> {
    signal.throwIfAborted();
    const thread = await this.#take();
    const { time } = this.#options;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void thread.terminate("too slow");
    }, time);
    const leave = () => void thread.terminate("given up");
    signal.addEventListener("abort", leave, { once: true });
    try {
      signal.throwIfAborted();
      return await thread.ask(request, transfer);
    } catch (cause) {
      signal.throwIfAborted();
      throw new ThreadLostError(late ? `no answer within ${time} ms` : "the thread ended", { late, cause });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#release(thread);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.all([...this.#all].map((thread) => thread.terminate("disposed")));
  }

  #take(): Promise<ImageThread> {
    const free = this.#free.pop();
    if (free) return Promise.resolve(free);
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
    else this.#free.push(thread);
  }

  #start(): ImageThread {
    const thread = new ImageThread({ memory: this.#options.memory });
    this.#all.add(thread);
    return thread;
  }
}
