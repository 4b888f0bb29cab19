import type { FileHandle } from "node:fs/promises";
import { type AtomicOptions, writeAll, writeFileAtomic } from "../../io/atomic.ts";
import { files } from "../../io/host.ts";
import { reasonOf } from "../../io/reason.ts";
import { checkKind, filePath } from "../../tensor/options.ts";
import { FileError } from "../../tensor/errors.ts";

/** The log in a run's folder: a line of JSON for each record, in the order of their steps. */
export const metricsFile = "metrics.jsonl";

/** What was measured at a step, or after it: numbers by name. */
export interface MetricsRecord {
  /** Steps that were done by then. */
  readonly step: number;
  /** Each logged number, by its name. */
  readonly [name: string]: number;
}

/** Appends records to a run's log. Disposing closes the file. */
export class MetricsLog implements AsyncDisposable {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Opens the log of a folder, without the records after `step`: steps after the checkpoint from which a run is
   * resumed are repeated. Throws `FileError` where the file cannot be written.
   */
  static async open(
    folder: string,
    { step, ...options }: AtomicOptions & { step: number },
  ): Promise<MetricsLog> {
    const path = `${folder}/${metricsFile}`;
    const kept = (await readMetrics(folder)).filter((record) => record.step <= step);
    await writeFileAtomic(path, new TextEncoder().encode(kept.map(lineOf).join("")), options);
    return new MetricsLog(path, await files().open(path, "a"));
  }

  /** Throws `FileError` where the file system refuses. */
  async write(record: MetricsRecord): Promise<void> {
    try {
      await writeAll(this.#file, new TextEncoder().encode(lineOf(record)));
    } catch (cause) {
      throw new FileError(`Cannot write ${this.#path}`, { got: reasonOf(cause), cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** The records of a folder's log; none without a log. An incomplete last line is left out. */
export async function readMetrics(folder: string): Promise<MetricsRecord[]> {
  checkKind(folder, filePath, "Cannot read the metrics: folder");
  const text = await files().readFile(`${folder}/${metricsFile}`, "utf8").catch(() => "");
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line) as MetricsRecord);
}

function lineOf(record: MetricsRecord): string {
  return JSON.stringify(record) + "\n";
}
