/** Where the server may read. */
const root = new URL("../../", import.meta.url);

/** A server in a separate process. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  /** Sends a signal and returns how the process ended. */
  end(signal: Deno.Signal): Promise<{ code: number; errors: string }>;
}

/** Runs `voken serve` in a separate process with minimal permissions. Disposing kills it. */
export async function served(
  args: readonly string[],
  { read = [], env = {} }: { read?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
): Promise<Served> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--frozen",
      "--allow-net=127.0.0.1",
      `--allow-read=${[root.pathname, ...read].join(",")}`,
      new URL("src/cli/voken.ts", root).pathname,
      "serve",
      "--port",
      "0",
      ...args,
    ],
    // Without a permission for the environment voken cannot keep Mesa from writing among the lines of the log.
    env: { NODEVICE_SELECT: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  while (!said.includes("\n")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`voken serve did not start: ${said}${await errors}`);
    said += value;
  }
  const url = /http:\S+/.exec(said)![0];
  return {
    url,
    port: Number(new URL(url).port),
    kill: (signal) => child.kill(signal),
    async end(signal) {
      child.kill(signal);
      const { code } = await child.status;
      return { code, errors: await errors };
    },
    async [Symbol.asyncDispose]() {
      await reader.cancel();
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
    },
  };
}
