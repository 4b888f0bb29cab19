/**
 * Writes `runtime.lock`: the part of `deno.lock` that the command line needs.
 *
 * Deno downloads every package of its lock file. `deno.lock` also contains the packages of tests and benchmarks, which
 * are more than half a gigabyte.
 *
 * With `--check` it only checks that the file is up to date.
 */
interface Lock {
  version: string;
  /** Versions by import specifier (`npm:name@range`). */
  specifiers: Record<string, string>;
  /** Packages by `name@version`, followed by the versions of their peers. */
  npm: Record<string, { dependencies?: string[]; optionalDependencies?: string[]; optionalPeers?: string[] }>;
  workspace: unknown;
}

const root = new URL("../../", import.meta.url);
const target = new URL("runtime.lock", root);
const lock = JSON.parse(await Deno.readTextFile(new URL("deno.lock", root))) as Lock;

const specifiers: Record<string, string> = {}, packages = new Set<string>();
for (const name of await imported(["src/cli/voken.ts", "src/cli/demo.ts"])) {
  for (const [specifier, version] of Object.entries(lock.specifiers)) {
    // Specifiers look like "npm:@scope/name@^1".
    const bare = specifier.slice("npm:".length, specifier.lastIndexOf("@"));
    if (bare !== name) continue;
    specifiers[specifier] = version;
    add(`${bare}@${version}`);
  }
}
const text = JSON.stringify(
  {
    version: lock.version,
    specifiers: sorted(specifiers),
    npm: sorted(Object.fromEntries([...packages].map((key) => [key, lock.npm[key]]))),
    workspace: lock.workspace,
  },
  null,
  2,
) + "\n";

if (Deno.args.includes("--check")) {
  const found = await Deno.readTextFile(target).catch(() => "");
  if (JSON.stringify(JSON.parse(found || "0")) !== JSON.stringify(JSON.parse(text))) {
    console.error("runtime.lock does not match deno.lock: run `deno task build`");
    Deno.exit(1);
  }
} else {
  await Deno.writeTextFile(target, text);
}

/** The names of the npm packages that modules import, directly or indirectly. */
async function imported(entries: readonly string[]): Promise<Set<string>> {
  const names = new Set<string>();
  for (const entry of entries) {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry], cwd: root })
      .output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
    for (const { specifier } of modules) {
      const name = /^npm:\/(@[^/]+\/[^@/]+|[^@/]+)@/.exec(specifier)?.[1];
      if (name) names.add(name);
    }
  }
  return names;
}

/** Adds a package of the lock file and its dependencies. */
function add(key: string): void {
  if (packages.has(key)) return;
  const found = lock.npm[key];
  if (!found) throw new Error(`Cannot write runtime.lock: deno.lock has no ${key}`);
  packages.add(key);
  for (const wanted of [...found.dependencies ?? [], ...found.optionalDependencies ?? []]) {
    // A dependency is a name if the lock file contains a single version of it, otherwise name@version.
    add(
      lock.npm[wanted]
        ? wanted
        : Object.keys(lock.npm).find((name) => name.startsWith(`${wanted}@`)) ?? wanted,
    );
  }
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}
