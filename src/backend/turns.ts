/** Lets pieces of work have something for themselves, one after the other in the order of the calls. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Does `work` when its turn comes. Rejects with the signal's reason as soon as it is aborted before that; work that
   * has begun must watch the signal by itself.
   */
  take<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const leave = () => reject(signal!.reason);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
    const turn = this.#last.then(() => {
      signal?.removeEventListener("abort", leave);
      signal?.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => {});
    turn.then(resolve, reject);
    return promise;
  }
}
