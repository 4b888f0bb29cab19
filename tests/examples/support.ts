/** Files of examples, by their path from `examples`. */
export function examplePath(name: string): string {
  return new URL(`../../examples/${name}`, import.meta.url).pathname;
}

/** Runs an example in `cwd`; returns its output. Throws with what it wrote to stderr if it fails. */
export async function runExample(
  name: string,
  { args, cwd }: { args: readonly string[]; cwd: string },
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--frozen", examplePath(name), ...args],
    cwd,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/**
 * Runs an example that serves while `use` asks it: by `deno serve`, or by `deno run` with `args`. Throws with what it wrote
 * if it ends before it listens.
 */
export async function serveExample(
  name: string,
  use: (address: string) => Promise<void>,
  { args }: { args?: readonly string[] } = {},
): Promise<void> {
  const command = args ? ["run"] : ["serve", "--host=127.0.0.1", "--port=0"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...command, "-A", "--frozen", examplePath(name), ...args ?? []],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  try {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      const address = /Listening on (http:\/\/\S+?)\/?\s/.exec(said)?.[1];
      if (address) return await use(address);
    }
    throw new Error(said);
  } finally {
    try {
      child.kill("SIGTERM");
    } catch { /* It has ended. */ }
    await child.status;
  }
}
