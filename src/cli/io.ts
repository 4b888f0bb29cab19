import { writeSync } from "node:fs";
import process from "node:process";
import { isatty } from "node:tty";
import { concat } from "../io/concat.ts";
import { ArgumentError } from "../tensor/errors.ts";

/** Input, output and cancellation of a command. */
export interface Io {
  /** Writes a result to standard output. */
  out(text: string): void;
  /** Writes a message or an error to standard error. */
  note(text: string): void;
  /** Reads standard input to its end. */
  input(): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes the bytes of a file to standard output. */
  output(bytes: Uint8Array): void;
  /** Whether standard output is a terminal; bytes of files are not written to one. */
  readonly toTerminal: boolean;
  /** Whether standard error is a terminal; only then are progress bars shown. */
  readonly watched: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Standard input, output and error. Disposing it restores the runtime's handling of Ctrl-C. */
export function terminal(): Io & Disposable {
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("Stopped", "AbortError"));
  // The listener is removed at the first Ctrl-C, so that a second one ends the process at once.
  process.once("SIGINT", stop);
  const write = (descriptor: number, text: string) =>
    writeAll(descriptor, new TextEncoder().encode(text + "\n"));
  return {
    out: (text) => write(1, text),
    note: (text) => write(2, text),
    input: () => readInput(controller.signal),
    output: (bytes) => writeAll(1, bytes),
    toTerminal: isatty(1),
    watched: isatty(2),
    signal: controller.signal,
    [Symbol.dispose]: () => process.removeListener("SIGINT", stop),
  };
}

async function readInput(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (isatty(0)) {
    throw new ArgumentError("Cannot read standard input", {
      expected: "a file or pipe, such as `< image.png`",
      got: "a terminal",
    });
  }
  const chunks: Uint8Array[] = [], { stdin } = process;
  const stop = () => stdin.destroy(signal.reason);
  signal.addEventListener("abort", stop);
  for await (const chunk of stdin) chunks.push(chunk);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  return concat(chunks);
}

/** Writes all bytes before it returns, so that the process may end then. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      const { code } = error as { code?: string };
      // The reader of the pipe (such as `head`) has ended.
      if (code === "EPIPE") return;
      // The reader of a pipe that does not block is slower than this.
      if (code !== "EAGAIN") throw error;
    }
  }
}
