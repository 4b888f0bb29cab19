/**
 * Everything that must hold before a change is done: `deno task ok`.
 *
 * Format, lint, types, generated files, what the registry would say, then all tests, whose count is the last line.
 */
const root = new URL("../", import.meta.url);

const steps: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: "format", args: ["fmt", "--check"] },
  { name: "lint", args: ["lint"] },
  { name: "types", args: ["task", "--quiet", "check"] },
  { name: "generated WGSL", args: ["run", "-A", "kernels/build.ts", "--check"] },
  { name: "generated WASM", args: ["run", "-A", "wasm/build.ts", "--check"] },
  { name: "playground", args: ["run", "-A", "src/service/playground/build.ts", "--check"] },
  { name: "documentation", args: ["doc", "--lint", ...await exported()] },
  { name: "package", args: ["publish", "--dry-run", "--allow-dirty"] },
  { name: "tests", args: ["task", "--quiet", "test"] },
];

for (const { name, args } of steps) {
  const start = performance.now();
  const last = name === "tests";
  const stream = last ? "inherit" : "piped";
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdout: stream,
    stderr: stream,
  });
  const { success, code } = last ? await command.spawn().status : await reported(name, command);
  if (last) Deno.exit(code);
  if (!success) {
    console.log("0 passed, 1 failed");
    Deno.exit(1);
  }
  console.log(`${name}: ok, ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** The files that the package exports. Linted together: what one exports, others may refer to. */
async function exported(): Promise<string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  return Object.values<string>(exports);
}

/** Runs a step, and shows what it said only if it failed. */
async function reported(name: string, command: Deno.Command): Promise<{ success: boolean; code: number }> {
  const { success, code, stdout, stderr } = await command.output();
  if (!success) {
    const text = new TextDecoder();
    console.log(`${text.decode(stdout)}${text.decode(stderr)}${name}: failed`);
  }
  return { success, code };
}
