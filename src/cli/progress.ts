import process from "node:process";
// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";
import type { OnProgress } from "../backend/backend.ts";
import type { Io } from "./io.ts";

/** A progress bar. Disposing it removes the bar. */
export interface Progress extends Disposable {
  update(done: number, total: number): void;
  /** The same for the progress of loading, in bytes, of weights or of a file that is downloaded. */
  onLoad: OnProgress;
}

/** Shows a progress bar on a terminal, and nothing elsewhere. */
export function progress(label: string, io: Io): Progress {
  if (!io.watched) return { update() {}, onLoad() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar({
    stream: process.stderr,
    format: "{label} [{bar}] {state}",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    // Timers do not run during long synchronous work.
    forceRedraw: true,
  });
  let started = false;
  const show = (done: number, total: number, shown: { label: string; state: string }) => {
    if (!started) bar.start(total, done, shown);
    else {
      bar.setTotal(total);
      bar.update(done, shown);
    }
    started = true;
  };
  return {
    update: (done, total) => show(done, total, { label, state: `${done}/${total}` }),
    onLoad({ loaded, total, file }) {
      const whole = Number.isFinite(total) ? `/${megabytes(total)}` : "";
      const state = `${megabytes(loaded)}${whole} MB`;
      show(loaded, total, { label: file === undefined ? label : `Fetching ${file}`, state });
    },
    [Symbol.dispose]() {
      if (started) bar.stop();
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Milliseconds between two log lines. */
const logInterval = 60_000;

/** Calls `log` with the seconds since the last call, once a minute, if there is no progress bar. */
export function everyMinute(io: Io, log: (seconds: number) => void): () => void {
  let last = performance.now();
  return () => {
    const time = performance.now();
    if (io.watched || time - last < logInterval) return;
    log((time - last) / 1000);
    last = time;
  };
}
