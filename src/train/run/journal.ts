import type { AtomicOptions } from "../../io/atomic.ts";
import type { Image } from "../../image/image.ts";
import type { Run } from "../config/run.ts";
import { EventFile } from "../report/event_file.ts";
import { saveSheet, writeReport } from "../report/report.ts";
import { MetricsLog, type MetricsRecord, readMetrics } from "./metrics_log.ts";

/** Rows of images that show what a model does. */
export type SampleRows = readonly (readonly Image[])[];

/** Sheets are enlarged until an image has about this number of pixels along a side. */
const sheetSide = 96;

/**
 * The records of a run in its folder: the log, TensorBoard's events, sheets, and the report. Disposing closes the files.
 */
export class Journal implements AsyncDisposable {
  readonly #folder: string;
  readonly #run: Run;
  readonly #log: MetricsLog;
  readonly #events: EventFile;
  readonly #options: AtomicOptions;

  private constructor(
    folder: string,
    parts: { run: Run; log: MetricsLog; events: EventFile; options: AtomicOptions },
  ) {
    this.#folder = folder;
    this.#run = parts.run;
    this.#log = parts.log;
    this.#events = parts.events;
    this.#options = parts.options;
  }

  /** Opens the journal of a run after `step` steps. Throws `FileError` where it cannot be written. */
  static async open(
    folder: string,
    { step, run, ...options }: AtomicOptions & { step: number; run: Run },
  ): Promise<Journal> {
    const log = await MetricsLog.open(folder, { step, ...options });
    try {
      const events = await EventFile.open(folder, { step });
      return new Journal(folder, { run, log, events, options });
    } catch (error) {
      await log[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Records numbers; those that are not finite are left out. Throws `FileError` where the file system refuses. */
  async record(step: number, values: Readonly<Record<string, number>>): Promise<MetricsRecord> {
    const finite = Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
    const record = { ...finite, step };
    await this.#log.write(record);
    await this.#events.scalars(step, finite);
    return record;
  }

  /** Saves rows of images as the sheet of a step. Throws `FileError` where the file system refuses. */
  async sheet(step: number, rows: SampleRows): Promise<void> {
    const side = Math.max(...rows.flat().map(({ width }) => width));
    const scale = Math.max(1, Math.round(sheetSide / side));
    await this.#events.image(
      step,
      "samples",
      await saveSheet(this.#folder, step, rows, { scale, ...this.#options }),
    );
  }

  /** Writes the report. Throws `FileError` where the file system refuses. */
  async report(): Promise<void> {
    const facts = {
      title: `Training of a ${this.#run.stage}`,
      config: this.#run,
      steps: this.#run.steps,
      records: await readMetrics(this.#folder),
    };
    await writeReport(this.#folder, facts, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]();
    await this.#events[Symbol.asyncDispose]();
  }
}
