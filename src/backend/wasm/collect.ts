import { free } from "../../tensor/free.ts";

/** Bytes of an array that is never written to, and how many of them are made at most. */
const arrayBytes = 2 ** 28, mostArrays = 32;

/**
 * What brings the engine to collect `garbage`, to be called when there is no reference to it any more. By itself the
 * engine may wait for ever: it does not count the bytes of shared memory. Arrays that are never written to do count, and
 * take none.
 */
export function collectorOf(garbage: object): () => Promise<void> {
  let collected = false;
  const token = {}, registry = new FinalizationRegistry(() => collected = true);
  registry.register(garbage, undefined, token);
  return async () => {
    const arrays: Uint8Array[] = [];
    try {
      while (arrays.length < mostArrays && !collected) {
        arrays.push(new Uint8Array(arrayBytes));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    } catch {
      // Where there is no room for more, the engine has collected what it could.
    } finally {
      arrays.forEach(free);
      registry.unregister(token);
    }
  };
}
