/** Output and cancellation of a command. */
export interface Io {
  /** Writes a result to standard output. */
  out(text: string): void;
  /** Writes a message or an error to standard error. */
  note(text: string): void;
  /** Whether standard error is a terminal; only then are progress bars shown. */
  readonly watched: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Standard output and standard error. Disposing it restores the runtime's handling of Ctrl-C. */
export function terminal(): Io & Disposable {
  const controller = new AbortController();
  // The listener is removed at the first Ctrl-C, so that a second one ends the process at once.
  const stop = () => {
    release();
    controller.abort(new DOMException("Stopped", "AbortError"));
  };
  const release = () => Deno.removeSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGINT", stop);
  return {
    out: (text) => write(Deno.stdout, text),
    note: (text) => write(Deno.stderr, text),
    watched: Deno.stderr.isTerminal(),
    signal: controller.signal,
    [Symbol.dispose]: release,
  };
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text + "\n");
  try {
    for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
  } catch (error) {
    // The reader of the pipe (such as `head`) has ended.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
