/**
 * Runs the tests: `deno run -A tests/run.ts [--fast | --slow | --long | --all] [PART_OF_PATH …]`.
 *
 * `--fast`, the default, runs the files named `*.test.ts`; `--slow` those named `*.slow.ts`, which need a browser,
 * WebGPU, another runtime, models of full size or load over time; `--long` those named `*.long.ts`, which take
 * minutes each and are run by hand. `--all` runs `*.test.ts` and `*.slow.ts`.
 *
 * Each file runs in a process of its own, as many at a time as there are processors. The details of failures come last,
 * then the reasons of skipped tests, then one line that counts: `N passed, N failed`.
 */
import type { FileResult } from "./run_file.ts";

const root = new URL("./", import.meta.url);
const endings: Readonly<Record<string, readonly string[]>> = {
  "--fast": [".test.ts"],
  "--slow": [".slow.ts"],
  "--long": [".long.ts"],
  "--all": [".test.ts", ".slow.ts"],
};
const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));
const [option = "--fast"] = Deno.args.filter((argument) => argument.startsWith("--"));
const chosen = endings[option];
if (!chosen) throw new Error(`Cannot run tests with ${option}: expected ${Object.keys(endings).join(", ")}`);

/** Lists the test files below a folder, by their paths from `tests`. */
function listTests(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return listTests(`${folder}${name}/`);
    return chosen!.some((ending) => name.endsWith(ending)) ? [`${folder}${name}`] : [];
  }).sort();
}

/** The option for a folder that has a configuration of its own, for large packages that few tests need. */
function configurationOf(name: string): string[] {
  const { pathname } = new URL(`./${name}/../deno.json`, root);
  try {
    Deno.statSync(pathname);
    return ["--config", pathname];
  } catch {
    return [];
  }
}

/** Runs one file. A process that ends without a result counts as one failure. */
async function runFile(name: string): Promise<FileResult> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...configurationOf(name), new URL("run_file.ts", root).href, name],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  try {
    return JSON.parse(said.slice(said.trimEnd().lastIndexOf("\n") + 1)) as FileResult;
  } catch {
    return {
      passed: 0,
      failed: 1,
      skipped: {},
      details: `${said}${errors}It ended with ${code} before its tests did.`,
    };
  }
}

const files = listTests("").filter((name) =>
  wanted.length === 0 || wanted.some((part) => name.includes(part))
);
const width = Math.max(...files.map(({ length }) => length));
const queue = files.values(), skips = new Map<string, number>(), details: string[] = [];
let passed = 0, failed = 0;

async function work(): Promise<void> {
  for (const name of queue) {
    const start = performance.now(), result = await runFile(name);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    passed += result.passed;
    failed += result.failed;
    const skipped = Object.values(result.skipped).reduce((sum, count) => sum + count, 0);
    for (const [reason, count] of Object.entries(result.skipped)) {
      skips.set(reason, (skips.get(reason) ?? 0) + count);
    }
    const counts = [`${result.passed} passed`];
    if (skipped > 0) counts.push(`${skipped} skipped`);
    if (result.failed > 0) {
      counts.push(`${result.failed} failed`);
      details.push(`\n${name}\n${result.details}`);
    }
    console.log(`${name.padEnd(width)}  ${seconds.padStart(5)} s  ${counts.join(", ")}`);
  }
}

await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, work));

for (const text of details) console.log(text);
for (const [reason, count] of skips) console.log(`${count} skipped: ${reason}`);
if (files.length === 0) {
  console.log(`No file named *${chosen.join(" or *")} matches; try ${Object.keys(endings).join(", ")}`);
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 || passed === 0 ? 1 : 0);
