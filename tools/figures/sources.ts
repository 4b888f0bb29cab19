const root = new URL("../../", import.meta.url);

/** A file of the project: its path from the root, and its lines. */
export interface Source {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Lists the paths of all tracked files that are there. */
export async function trackedFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", { args: ["ls-files", "-z"], cwd: root }).output();
  const paths = new TextDecoder().decode(stdout).split("\0").filter((path) => path !== "");
  const there = await Promise.all(
    paths.map((path) => Deno.stat(new URL(path, root)).then(() => true, () => false)),
  );
  return paths.filter((_, i) => there[i]);
}

/** Reads the hand-written TypeScript and AssemblyScript of the package. */
export async function readSources(paths: readonly string[]): Promise<Source[]> {
  const written = paths.filter((path) =>
    /^(mod\.ts$|src\/|kernels\/|wasm\/|workers\/)/.test(path) && path.endsWith(".ts") &&
    !path.includes("_generated")
  );
  return await Promise.all(written.map(async (path) => {
    const text = await Deno.readTextFile(new URL(path, root));
    return { path, lines: text.trimEnd().split("\n") };
  }));
}

/** Sums the sizes of files, in bytes. */
export async function totalBytes(paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async (path) => (await Deno.stat(new URL(path, root))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
