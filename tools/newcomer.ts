/**
 * Measures what a newcomer's commands take from an empty cache, in seconds and in megabytes fetched, npm packages unpacked:
 * `deno task figures:newcomer`. It exits with 1 if a command fails or takes more than its limit.
 */
import { Registry } from "../tests/jsr/registry.ts";

interface Command {
  readonly args: readonly string[];
  readonly seconds: number;
  readonly megabytes: number;
  /** Text of a script, which runs outside of the repository and imports the package from a registry on loopback. */
  readonly script?: string;
}

const root = new URL("../", import.meta.url);
const sample = new URL("models/emoji-64/samples/ring.png", root);
const firstEncode = `import { readImage, Tokenizer } from "jsr:@voken/magvit2";

await using tokenizer = await Tokenizer.load("emoji-64", { backend: "wasm" });
const tokens = await tokenizer.encode(await readImage(new URL("${sample}")));
console.log(tokens.grid, tokens.data.length);
`;
const commands: readonly Command[] = [
  { args: ["run", "-A", "encode.ts"], script: firstEncode, seconds: 5, megabytes: 12 },
  { args: ["task", "voken", "--help"], seconds: 30, megabytes: 45 },
  { args: ["task", "demo"], seconds: 30, megabytes: 45 },
  { args: ["task", "test"], seconds: 180, megabytes: 200 },
];

let failed = 0;
await using registry = await Registry.start();
for (const { args, script, seconds, megabytes } of commands) {
  const folder = await Deno.makeTempDir({ prefix: "voken-newcomer-" }), cache = `${folder}/cache`;
  registry.sent = 0;
  try {
    if (script) await Deno.writeTextFile(`${folder}/encode.ts`, script);
    const start = performance.now();
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: script ? folder : root,
      env: { ...registry.environment, DENO_DIR: cache, VOKEN_CACHE: `${folder}/models` },
      stdout: "null",
      stderr: "null",
    }).output();
    const taken = (performance.now() - start) / 1000;
    const fetched = (registry.sent + await bytesIn(`${cache}/npm`)) / 1e6;
    if (!success || taken > seconds || fetched > megabytes) failed++;
    console.log(
      `deno ${args.join(" ")}: ${success ? "" : "failed, "}${taken.toFixed(1)} s (at most ${seconds}), ` +
        `${fetched.toFixed(1)} MB (at most ${megabytes})`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
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
