/** The path of workerd, Cloudflare's runtime, if it runs on this machine. */
async function findWorkerd(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("workerd/path.ts", import.meta.url).href],
      stderr: "null",
    }).output();
    const path = new TextDecoder().decode(stdout).trim();
    const { success } = await new Deno.Command(path, { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return success ? path : undefined;
  } catch {
    return undefined;
  }
}

const workerd = await findWorkerd();

/** Why nothing can be tested with workerd on this machine, if so. */
export const missingWorkerd: string | undefined = workerd
  ? undefined
  : "workerd does not run on this machine";

/** Serves by a configuration and options while `use` asks. Throws what workerd wrote to stderr. */
export async function withWorkerd(args: readonly string[], use: () => Promise<void>): Promise<void> {
  const child = new Deno.Command(workerd!, { args: ["serve", ...args], stderr: "piped" }).spawn();
  const errors = new Response(child.stderr).text();
  try {
    await use();
  } finally {
    try {
      child.kill("SIGTERM");
    } catch { /* it has ended, and says why */ }
    await child.status;
  }
  const said = await errors;
  if (said !== "") throw new Error(said);
}

/** A port that is free. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits for a server that starts. Returns its answer to a question about its health. */
export async function waitForHealth(address: string): Promise<Response | undefined> {
  for (let i = 0; i < 200; i++) {
    const response = await fetch(`${address}/health`).catch(() => undefined);
    if (response) return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
