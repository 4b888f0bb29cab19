/**
 * Runs uvu suites: `deno run -A tests/run.ts [--long] [part of a path …]`.
 *
 * Files named `*.test.ts` run always, `*.long.ts` only with `--long`. The last line counts: `N passed, N failed`.
 */
import { quietMesa } from "../src/cli/quiet_mesa.ts";

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  /** Per file: its name, then one runner a suite, which gives [errors or true, passed, skipped, total]. */
  UVU_QUEUE?: [string, ...(() => Promise<[string | true, number, number, number]>)[]][];
}

const globals = globalThis as UvuGlobals;
const root = new URL("./", import.meta.url);
const long = Deno.args.includes("--long");
const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));

quietMesa();

async function* walk(folder: URL): AsyncGenerator<URL> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (entry.isDirectory) yield* walk(new URL(`${entry.name}/`, folder));
    else if (entry.name.endsWith(".test.ts") || (long && entry.name.endsWith(".long.ts"))) {
      yield new URL(entry.name, folder);
    }
  }
}

globals.UVU_DEFER = 1;
const queue: NonNullable<UvuGlobals["UVU_QUEUE"]> = globals.UVU_QUEUE = [];
let passed = 0, failed = 0, skipped = 0;

for await (const file of walk(root)) {
  const name = file.pathname.slice(root.pathname.length);
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue;
  globals.UVU_INDEX = queue.length;
  queue.push([name]);
  const start = performance.now();
  await import(file.href);
  const [, ...suites] = queue.at(-1)!;
  console.log(name);
  for (const suite of suites) {
    const [errors, ran, skips, total] = await suite();
    passed += ran;
    skipped += skips;
    failed += total - ran;
    if (typeof errors === "string") console.log(errors);
  }
  console.log(`  ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 || passed === 0 ? 1 : 0);
