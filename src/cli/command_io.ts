import { ArgumentError } from "../tensor/errors.ts";
import type { Io } from "./io.ts";

/** Options that decide where the output of a command goes. */
interface SharedOptions {
  quiet?: true;
  json?: true;
  output?: string;
}

/** Names of standard output as an output file. */
const standardOutputs: readonly (string | undefined)[] = ["-", "/dev/stdout"];

/**
 * The output of a command under its options: `--quiet` drops messages and progress, and `-o -` moves the result lines to
 * standard error, since standard output then holds the bytes of a file.
 */
export class CommandIo implements Io {
  readonly #io: Io;
  #options: SharedOptions = {};

  constructor(io: Io) {
    this.#io = io;
  }

  /** Takes the options of the command that is about to run. Throws `ArgumentError` for `--json` with `-o -`. */
  configure(options: SharedOptions): void {
    this.#options = options;
    if (!options.json || !this.#piped) return;
    throw new ArgumentError("Cannot print JSON to standard output", {
      expected: `--json or -o ${options.output}`,
      got: "both",
    });
  }

  out(text: string): void {
    if (this.#piped) this.note(text);
    else this.#io.out(text);
  }

  note(text: string): void {
    if (!this.#options.quiet) this.#io.note(text);
  }

  input(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#io.input();
  }

  output(bytes: Uint8Array): void {
    this.#io.output(bytes);
  }

  get toTerminal(): boolean {
    return this.#io.toTerminal;
  }

  get watched(): boolean {
    return this.#io.watched && !this.#options.quiet;
  }

  get signal(): AbortSignal {
    return this.#io.signal;
  }

  get #piped(): boolean {
    return standardOutputs.includes(this.#options.output);
  }
}
