import process from "node:process";
// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";
import type { Io } from "./io.ts";

/** How far a piece of work is. Disposing takes the bar away. */
export interface Progress extends Disposable {
  update(done: number, total: number): void;
}

/** A bar on a terminal, nothing elsewhere. */
export function progress(label: string, io: Io): Progress {
  if (!io.watched) return { update() {}, [Symbol.dispose]() {} };
  const bar = new SingleBar({
    stream: process.stderr,
    format: `${label} [{bar}] {value}/{total}`,
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    // Work that takes the thread for long would leave the bar behind.
    forceRedraw: true,
  });
  let started = false;
  return {
    update(done, total) {
      if (!started) bar.start(total, done);
      else bar.update(done);
      started = true;
    },
    [Symbol.dispose]() {
      if (started) bar.stop();
    },
  };
}
