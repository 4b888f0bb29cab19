import type { Io } from "./io.ts";

/** A signal that Ctrl-C and SIGTERM abort, until it is disposed. A second Ctrl-C ends the process at once. */
export function stopSignal(io: Io): Disposable & { signal: AbortSignal } {
  const controller = new AbortController(), stop = () => controller.abort();
  const hasSigterm = Deno.build.os !== "windows";
  if (hasSigterm) Deno.addSignalListener("SIGTERM", stop);
  return {
    signal: AbortSignal.any([io.signal, controller.signal]),
    [Symbol.dispose]() {
      if (hasSigterm) Deno.removeSignalListener("SIGTERM", stop);
    },
  };
}
