/**
 * Measures what a newcomer's commands take from an empty cache, in seconds and in megabytes fetched:
 * `deno task figures:newcomer`. It exits with 1 if a command fails or takes more than its limit.
 */
interface Command {
  readonly args: readonly string[];
  readonly seconds: number;
  readonly megabytes: number;
}

const root = new URL("../", import.meta.url);
const commands: readonly Command[] = [
  { args: ["task", "voken", "--help"], seconds: 30, megabytes: 45 },
  { args: ["task", "demo"], seconds: 30, megabytes: 45 },
  { args: ["task", "test"], seconds: 180, megabytes: 200 },
];

let failed = 0;
for (const { args, seconds, megabytes } of commands) {
  const cache = await Deno.makeTempDir({ prefix: "voken-newcomer-" });
  try {
    const start = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: root,
      env: { DENO_DIR: cache },
      stdout: "null",
      stderr: "null",
    }).output();
    const taken = (performance.now() - start) / 1000, fetched = await bytesIn(`${cache}/npm`) / 1e6;
    if (!success || taken > seconds || fetched > megabytes) failed++;
    console.log(
      `deno ${args.join(" ")}: ${success ? "" : "failed, "}${taken.toFixed(1)} s (at most ${seconds}), ` +
        `${fetched.toFixed(1)} MB (at most ${megabytes})`,
    );
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
Deno.exit(failed > 0 ? 1 : 0);

/** Sums the sizes of the files below a folder. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await bytesIn(path) : (await Deno.stat(path)).size;
  }
  return bytes;
}
