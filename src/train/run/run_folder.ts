import { type AtomicOptions, writeFileAtomic } from "../../io/atomic.ts";
import { files } from "../../io/host.ts";
import { reasonOf } from "../../io/reason.ts";
import { ArgumentError, FileError } from "../../tensor/errors.ts";
import { completed, difference } from "../config/parse.ts";
import type { Run } from "../config/run.ts";
import { lockFolder } from "./lock.ts";

/** The configuration in a run's folder, complete; and the folder of its checkpoints. */
export const runConfigFile = "config.json", checkpointsFolder = "checkpoints";

/** How a run's folder is opened. */
export interface OpenRunOptions extends AtomicOptions {
  readonly config: Run;
  /** Resumes the run in the folder, if there is one; otherwise a folder with a run is refused. */
  readonly resume: boolean;
}

/**
 * The folder of one training: `config.json`, `metrics.jsonl`, `checkpoints/step-….safetensors`, `lock`. Disposing gives
 * the lock back.
 */
export class RunFolder implements AsyncDisposable {
  readonly path: string;
  /** The steps of which there are checkpoints, ascending. */
  readonly #steps: number[];
  readonly #lock: AsyncDisposable;

  private constructor(path: string, steps: number[], lock: AsyncDisposable) {
    this.path = path;
    this.#steps = steps;
    this.#lock = lock;
  }

  /**
   * Opens a run's folder, making it if need be.
   * Throws `FileError` where another process trains in it or it cannot be written; `ArgumentError` where it holds a run
   * and `resume` is not given, or one of another configuration, naming what differs.
   */
  static async open(folder: string, { config, resume, ...options }: OpenRunOptions): Promise<RunFolder> {
    const path = folder.replace(/(?<=.)[/\\]+$/, "");
    try {
      await files().mkdir(path, { recursive: true });
      await files().mkdir(`${path}/${checkpointsFolder}`, { recursive: true });
    } catch (cause) {
      throw new FileError(`Cannot make the folder ${path}`, { got: reasonOf(cause), cause });
    }
    const lock = await lockFolder(path);
    try {
      const before = await files().readFile(`${path}/${runConfigFile}`, "utf8").catch(() => undefined);
      if (before !== undefined) checkSame(path, { before, config, resume });
      await writeFileAtomic(
        `${path}/${runConfigFile}`,
        new TextEncoder().encode(JSON.stringify(config, null, 2) + "\n"),
        options,
      );
      return new RunFolder(path, await checkpointSteps(path), lock);
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The newest checkpoint. */
  get newest(): string | undefined {
    const step = this.#steps.at(-1);
    return step === undefined ? undefined : checkpointPath(this.path, step);
  }

  /** Lets `write` make the checkpoint of `step`, then removes all but the newest `keep` and that of step `best`. */
  async save(
    step: number,
    write: (path: string) => Promise<void>,
    { keep, best }: { keep: number; best?: number },
  ): Promise<void> {
    await write(checkpointPath(this.path, step));
    if (!this.#steps.includes(step)) this.#steps.push(step);
    const kept = new Set([...this.#steps.slice(-keep), best]);
    for (const old of this.#steps.filter((each) => !kept.has(each))) {
      await files().rm(checkpointPath(this.path, old)).catch(() => {});
      this.#steps.splice(this.#steps.indexOf(old), 1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lock[Symbol.asyncDispose]();
  }
}

/** Where the checkpoint of a step is. */
export function checkpointPath(folder: string, step: number): string {
  return `${folder}/${checkpointsFolder}/step-${String(step).padStart(8, "0")}.safetensors`;
}

/** The steps of a run's checkpoints, ascending. What a process that was killed left half written is removed. */
async function checkpointSteps(folder: string): Promise<number[]> {
  const steps: number[] = [];
  for (const name of await files().readdir(`${folder}/${checkpointsFolder}`)) {
    if (name.endsWith(".tmp")) await files().rm(`${folder}/${checkpointsFolder}/${name}`);
    const step = /^step-(\d+)\.safetensors$/.exec(name)?.[1];
    if (step !== undefined) steps.push(Number(step));
  }
  return steps.sort((a, b) => a - b);
}

function checkSame(
  path: string,
  { before, config, resume }: { before: string; config: Run; resume: boolean },
): void {
  if (!resume) {
    throw new ArgumentError(`Cannot train into ${path}`, {
      expected: "a folder without a run",
      got: "one that holds a run",
      hint: "go on with it by --resume, or choose another folder",
    });
  }
  let said: Run;
  try {
    said = completed(JSON.parse(before)) as Run;
  } catch (cause) {
    throw new ArgumentError(`Cannot resume in ${path}`, {
      expected: `JSON in ${runConfigFile}`,
      got: "other text",
      cause,
    });
  }
  const differs = difference(said, config);
  if (!differs) return;
  throw new ArgumentError(`Cannot resume in ${path}: ${differs.field}`, {
    expected: `${differs.before}, as when the run began`,
    got: differs.now,
    hint: "go on with the same configuration, or begin in another folder",
  });
}
