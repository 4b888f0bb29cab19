import process from "node:process";
// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";
import type { MetricsRecord } from "../train/run/metrics_log.ts";
import type { TrainingObserver } from "../train/run/loop.ts";
import type { OpenTokensOptions } from "../train/stages/run_tokens.ts";
import type { Io } from "./io.ts";
import { everyMinute, progress } from "./progress.ts";

/** Shows the progress of a training run: a bar on a terminal, one line for each record elsewhere. */
export interface TrainingProgress extends Required<TrainingObserver>, Disposable {
  readonly onEncoded: NonNullable<OpenTokensOptions["onEncoded"]>;
}

/** The values of a record that are shown. */
const shown: readonly string[] = [
  "total_loss",
  "reconstruct_loss",
  "loss",
  "loss_pre",
  "loss_post",
  "grad_norm",
  "psnr",
  "codes",
  "evaluation_loss_pre",
  "evaluation_loss_post",
  "learning_rate",
  "seconds",
];

/** Shows the progress of a training run of `steps` steps. */
export function trainingProgress(io: Io, steps: number): TrainingProgress {
  const encoding = progress("Encoding images", io);
  const bar = io.watched
    ? new SingleBar({
      stream: process.stderr,
      format: "Training [{bar}] {value}/{total}, {eta_formatted} left {numbers}",
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: true,
      etaBuffer: 50,
    })
    : undefined;
  let started = false, numbers = "", encoded = { done: 0, total: 0 };
  const log = everyMinute(io, () => io.note(`tokens of ${encoded.done} of ${encoded.total} images`));
  return {
    onEncoded(progress) {
      encoded = progress;
      encoding.update(progress.done, progress.total);
      log();
    },
    onStep({ step }) {
      encoding[Symbol.dispose]();
      if (!started) bar?.start(steps, step, { numbers });
      else bar?.update(step, { numbers });
      started = true;
    },
    onRecord(record) {
      numbers = numbersOf(record);
      if (bar) return;
      const { step, seconds } = record;
      const left = seconds === undefined ? "" : `  ${durationOf(seconds * (steps - step))} left`;
      io.note(`step ${step}/${steps}  ${numbers}${left}`);
    },
    [Symbol.dispose]() {
      encoding[Symbol.dispose]();
      bar?.stop();
    },
  };
}

/** Formats a duration as `1 h 5 min`, `12 min` or `40 s`. */
function durationOf(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 2) return `${Math.round(seconds)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function numbersOf(record: MetricsRecord): string {
  return shown.filter((name) => name in record)
    .map((name) => `${name} ${Number(record[name]!.toPrecision(4))}`)
    .join("  ");
}
