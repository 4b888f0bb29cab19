/** Where a command's words go, and what ends it early. */
export interface Io {
  /** Writes a result: a line or several, to standard output. */
  out(text: string): void;
  /** Writes a remark or an error, to standard error. */
  note(text: string): void;
  /** Whether somebody watches: only then are there progress bars. */
  readonly watched: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The terminal, or whatever stands in its place. Disposing gives Ctrl-C back to the runtime. */
export function terminal(): Io & Disposable {
  const controller = new AbortController();
  // A second Ctrl-C finds no listener and ends the process at once.
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
    // The reader (`| head`) has left: nobody misses the rest.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
