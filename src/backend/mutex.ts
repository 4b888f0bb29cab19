/** Mutual exclusion: work runs one piece after the other, in the order of the calls. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs `work` when all earlier work has ended. Rejects with the signal's reason if it is aborted before `work` begins;
   * from then on `work` must watch the signal itself.
   */
  run<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const leave = () => reject(signal!.reason);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    this.enqueue(() => {
      signal?.removeEventListener("abort", leave);
      signal?.throwIfAborted();
      return work();
    }).then(resolve, reject);
    return promise;
  }

  /** Resolves when all earlier work has ended. Later work waits until the lock is disposed. Rejects as `run` does. */
  lock(signal?: AbortSignal): Promise<Disposable> {
    const { promise, resolve, reject } = Promise.withResolvers<Disposable>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.run(() => {
      resolve({ [Symbol.dispose]: release });
      return released;
    }, signal).catch(reject);
    return promise;
  }

  /** Runs `work` once all that was enqueued before has ended, successfully or not. */
  protected enqueue<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
