import { BackendError } from "../../tensor/errors.ts";
import { Idle, idleLimits } from "../idle.ts";
import { Mutex } from "../mutex.ts";
import { type Counters, zeroCounters } from "./counters.ts";
import { openDevice } from "./device.ts";
import type { WebGpuOptions, WebGpuParts } from "./options.ts";
import { Session } from "./session.ts";

/** The device that a backend works on: opened when it is first needed, and reopened after it was lost. */
export class Gpu {
  readonly counters: Counters = zeroCounters();
  readonly options: WebGpuOptions;
  readonly parts: WebGpuParts;
  readonly #mutex: Mutex = new Mutex();
  readonly #idle: Idle;
  #session: Session | undefined;
  #disposed: Promise<void> | undefined;

  constructor(options: WebGpuOptions, parts: WebGpuParts) {
    this.options = options;
    this.parts = parts;
    this.#idle = new Idle(
      () => this.release(({ arena }) => this.#idle.isDue() && arena.release()),
      parts.idle ?? idleLimits,
    );
  }

  /** Runs work with exclusive access to the device. Throws `BackendError` if the backend is disposed. */
  exclusive<T>(work: (session: Session) => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#disposed) {
      return Promise.reject(
        new BackendError("Cannot use the WebGPU backend", {
          got: "one that was disposed",
          hint: "keep it until the last run has ended",
        }),
      );
    }
    return this.#mutex.run(async () => {
      const session = await this.#open(), { arena } = session;
      try {
        return await work(session);
      } finally {
        // Each step of a training needs the arena.
        if (!this.options.training) this.#idle.note({ asked: arena.asked.take(), held: arena.bytes });
      }
    }, { signal });
  }

  /** The same for freeing memory. Does nothing if the backend is disposed or the device is lost: the memory is freed. */
  async release(work: (session: Session) => unknown): Promise<void> {
    if (this.#disposed) return await this.#disposed;
    await this.#mutex.run(() => {
      if (this.#session && this.#session.lost === undefined) work(this.#session);
    });
  }

  /** Waits for running work, then frees all buffers, and destroys the device unless the caller supplied it. */
  dispose(): Promise<void> {
    return this.#disposed ??= this.#mutex.run(() => {
      this.#idle.end();
      this.#session?.destroyBuffers();
      if (!this.options.device) this.#session?.device.destroy();
      this.#session = undefined;
    });
  }

  async #open(): Promise<Session> {
    if (this.#session && this.#session.lost === undefined) return this.#session;
    const { counters, options, parts: { open = openDevice, tiling, limits } } = this;
    if (this.#session && options.device) {
      throw new BackendError("Cannot use the WebGPU backend: the device that it was given was lost", {
        got: this.#session.lost,
        hint: "make a backend with a new device",
      });
    }
    const session = new Session(options.device ?? await open(), { counters, tiling, limits });
    return this.#session = session;
  }
}
