/**
 * Builds the npm package in `dist/npm`, or in the folder that is given: `deno task build:npm`. There, `npm pack` and
 * `npm publish` do the rest.
 *
 * `deno pack` makes JavaScript and declarations of the files that go to JSR. What it leaves to do: syntax that Node 22
 * and some browsers do not know, types that their users may lack, and `package.json`.
 */
import { makePortable } from "./declarations.ts";
import { completeManifest } from "./manifest.ts";
import { lowerSyntax } from "./syntax.ts";

const root = new URL("../", import.meta.url);

/** Builds the package in a folder, which it replaces once all is done. */
export async function buildPackage(target: string): Promise<void> {
  const folder = `${target}.new`, tarball = `${folder}/package.tgz`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  await run(Deno.execPath(), [
    ...["pack", "--quiet", "--allow-dirty", "--no-source-maps", `--output=${tarball}`],
  ]);
  await run("tar", ["-xzf", tarball, "-C", folder, "--strip-components=1"]);
  await Deno.remove(tarball);
  await lowerSyntax(folder);
  await makePortable(folder);
  await completeManifest(folder);
  await Deno.remove(target, { recursive: true }).catch(() => {});
  await Deno.rename(folder, target);
}

/** Runs a program at the root. Throws what it wrote if it fails. */
async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, cwd: root, stdout: "null" }).output();
  if (!success) throw new Error(`Cannot run ${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

if (import.meta.main) {
  const target = Deno.args[0] ?? new URL("dist/npm", root).pathname;
  await buildPackage(target);
  console.log(`The npm package is in ${target}`);
}
