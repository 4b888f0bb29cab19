/** The npm package as these tests use it: built once for all of them, and again when its sources have changed. */
const root = new URL("../../", import.meta.url).pathname;
export const home: string = `${root}out/npm`;

/** The folder of the package as `npm publish` would take it. */
export const packageFolder: string = `${home}/package`;

/** Builds the package, unless what is there was built of the same sources. Processes take turns. */
export async function builtPackage(): Promise<string> {
  await Deno.mkdir(home, { recursive: true });
  using turn = await Deno.open(`${home}/lock`, { write: true, create: true });
  await turn.lock(true);
  const stamp = `${home}/sources.txt`, sources = await listSources();
  if (await Deno.readTextFile(stamp).catch(() => "") === sources) return packageFolder;
  await run(Deno.execPath(), ["run", "-A", "--frozen", "npm/build.ts", packageFolder], root);
  await Deno.writeTextFile(stamp, sources);
  return packageFolder;
}

/** Runs a program to its end; gives what it printed. Throws what it said if it fails. */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (!success) throw new Error(`${program} ${args.join(" ")} failed:\n${said}${errors}`);
  return said!;
}

/** What the package is made of: each file with its size and the time of its last change. */
async function listSources(): Promise<string> {
  const { publish } = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
  const lines: string[] = [];
  for (const path of ["deno.json", "npm", ...publish.include]) await listFiles(path, lines);
  return lines.sort().join("\n");
}

async function listFiles(path: string, lines: string[]): Promise<void> {
  const { isDirectory, size, mtime } = await Deno.stat(root + path);
  if (!isDirectory) lines.push(`${path} ${size} ${mtime?.getTime()}`);
  else for await (const { name } of Deno.readDir(root + path)) await listFiles(`${path}/${name}`, lines);
}
