import process from "node:process";
import { platform } from "../io/host.ts";
import type { Io } from "./io.ts";

/** A signal that Ctrl-C and SIGTERM abort, until it is disposed. A second Ctrl-C ends the process at once. */
export function stopSignal(io: Io): Disposable & { signal: AbortSignal } {
  const controller = new AbortController(), stop = () => controller.abort();
  const hasSigterm = platform() !== "win32";
  if (hasSigterm) process.on("SIGTERM", stop);
  return {
    signal: AbortSignal.any([io.signal, controller.signal]),
    [Symbol.dispose]() {
      if (hasSigterm) process.removeListener("SIGTERM", stop);
    },
  };
}
