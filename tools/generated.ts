/** What the builders of generated files share. */
import { gzipSync } from "fflate";

/** Bytes compressed by gzip, in base64, which `unpackBase64` of `src/io/base64.ts` reads. */
export function packBase64(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9, mtime: 0 }).toBase64();
}

/** Bundles a script and all that it imports into one minified module, except what `external` names. */
export async function bundle(
  script: URL,
  { external = [] }: { external?: readonly string[] } = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform=browser", "--minify"],
      ...external.map((name) => `--external=${name}`),
      script.pathname,
    ],
    cwd: new URL("../", import.meta.url),
  }).output();
  if (!success) throw new Error(`Cannot bundle ${script}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Writes a generated file or, if the program was started with `--check`, ends it unless the file is up to date. */
export async function writeOrCheck(target: URL, built: string): Promise<void> {
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(target, built);
  else if (await Deno.readTextFile(target).catch(() => undefined) !== built) {
    console.error(`${target.pathname} is out of date: run \`deno task build\``);
    Deno.exit(1);
  }
}
