/**
 * What the package uses of the language that Node 22 and some browsers lack, or the engine's own where there is one. It
 * goes into the npm package, whose modules import what they use of it.
 */

/** The keys of the methods that end things: what compiled `using` takes, too, where an engine has none. */
export const symbolDispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose"),
  symbolAsyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Collects what is to be ended; the last one is ended first. */
class Stack implements AsyncDisposable {
  #endings: (() => unknown)[] = [];

  use<T extends Partial<AsyncDisposable & Disposable>>(thing: T): T {
    const end = thing[symbolAsyncDispose] ?? thing[symbolDispose];
    if (!end) throw new TypeError("Cannot use what cannot be disposed");
    this.#endings.push(() => end.call(thing));
    return thing;
  }

  move(): Stack {
    const other = new Stack();
    other.#endings = this.#endings.splice(0);
    return other;
  }

  /** Ends everything, one after the other, whatever fails; then throws the last error, with which another may have begun. */
  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#endings.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors.at(-1);
  }

  async [symbolAsyncDispose](): Promise<void> {
    await this.disposeAsync();
  }
}

/** The engine's class, or one with those of its methods that the package calls. */
export const AsyncDisposableStack: typeof globalThis.AsyncDisposableStack = globalThis.AsyncDisposableStack ??
  Stack;
