/**
 * Checks everything that must hold before a change is done: `deno task ok`.
 *
 * Format, lint, types, generated files and the package are checked first; then all tests run. The last line counts the
 * tests of both suites.
 */
const root = new URL("../", import.meta.url);

const checks: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["task", "--quiet", "check"] },
  { name: "shipped models", args: ["run", "-A", "tools/shipped_models.ts", "--check"] },
  { name: "codecs for pages", args: ["run", "-A", "tools/page_codecs.ts", "--check"] },
  { name: "generated WGSL", args: ["run", "-A", "kernels/build.ts", "--check"] },
  { name: "generated WASM", args: ["run", "-A", "wasm/build.ts", "--check"] },
  { name: "workers", args: ["run", "-A", "workers/build.ts", "--check"] },
  { name: "playground", args: ["run", "-A", "src/service/playground/build.ts", "--check"] },
  { name: "documentation", args: ["doc", "--lint", ...await exportedFiles()] },
  { name: "figures", args: ["task", "--quiet", "figures", "--check"] },
  { name: "package", args: ["publish", "--dry-run", "--allow-dirty"] },
];
/** The README's test command, then the rest. */
const suites: readonly string[] = ["test", "test:slow"];

for (const { name, args } of checks) {
  const start = performance.now();
  const { success, stdout, stderr } = await deno(args, "piped").output();
  if (!success) {
    const text = new TextDecoder();
    console.log(`${text.decode(stdout)}${text.decode(stderr)}${name}: failed`);
    console.log("0 passed, 1 failed");
    Deno.exit(1);
  }
  console.log(`${name}: ok, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

let passed = 0, failed = 0;
for (const suite of suites) {
  const child = deno(["task", "--quiet", suite], "inherit").spawn();
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    await Deno.stdout.write(new TextEncoder().encode(text));
    said += text;
  }
  const counts = /(\d+) passed, (\d+) failed\n$/.exec(said);
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 1);
  if (!(await child.status).success && counts?.[2] === "0") failed++;
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed > 0 ? 1 : 0);

/** Lists the files that the package exports. They are linted together because one may refer to another's exports. */
async function exportedFiles(): Promise<string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  return Object.values<string>(exports);
}

/** Prepares a run of Deno at the root, whose output can be read. */
function deno(args: readonly string[], stderr: "piped" | "inherit"): Deno.Command {
  return new Deno.Command(Deno.execPath(), { args: [...args], cwd: root, stdout: "piped", stderr });
}
