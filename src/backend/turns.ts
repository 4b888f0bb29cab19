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
    this.inTurn(() => {
      signal?.removeEventListener("abort", leave);
      signal?.throwIfAborted();
      return work();
    }).then(resolve, reject);
    return promise;
  }

  /** Does `work` once all that was given before has ended, well or badly. */
  protected inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
