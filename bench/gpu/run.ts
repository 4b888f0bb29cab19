/**
 * Measures the library on this machine's GPU: `run.ts [PART…] [--large] [--json FILE] [--pytorch FILE] [--seconds N]`.
 *
 * Each part runs in a process of its own for at most `--seconds` (default 60): one that fails or takes too long leaves the
 * others, and what it measured until then. At the end all results stand in one table, beside the times of
 * `pytorch/run.py` if their file is given. `--small` takes tiny sizes, to test this script.
 */
import { parseArgs } from "node:util";
import { adapterFacts, findAdapter } from "../../src/backend/webgpu/adapter.ts";
import { ceilings, fmaRate } from "./ceilings.ts";
import { check } from "./check.ts";
import { DeviceTime } from "./device_time.ts";
import { layers } from "./layers.ts";
import { type Ceiling, type Part, type Result, short } from "./part.ts";
import { printSummary, type PyTorch } from "./summary.ts";
import { tfjs } from "./tfjs.ts";
import { token } from "./token.ts";
import { tokenizer } from "./tokenizer.ts";
import { training } from "./training.ts";

const parts: Readonly<Record<string, Part>> = { ceilings, tokenizer, token, layers, training, tfjs };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    small: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    seconds: { type: "string", default: "60" },
    json: { type: "string" },
    pytorch: { type: "string" },
    /** Where a part's own process writes its results, one line each. */
    lines: { type: "string" },
  },
});
const { small, large, seconds, lines } = values;
const unknown = positionals.find((name) => !(name in parts) && name !== "check");
if (unknown !== undefined) {
  console.error(`Cannot run ${unknown}: expected some of check ${Object.keys(parts).join(" ")}`);
  Deno.exit(2);
}
if (lines !== undefined) await runPart(positionals[0]!, lines);
else await runAll(positionals.length > 0 ? positionals : Object.keys(parts));
Deno.exit(0);

/** Runs one part in this process. */
async function runPart(name: string, file: string): Promise<void> {
  const report = (result: Result | Ceiling) =>
    Deno.writeTextFileSync(file, `${JSON.stringify(result)}\n`, { append: true });
  try {
    await parts[name]!({ small, large, report });
  } finally {
    const clock = await DeviceTime.open();
    console.log(
      `Rate of multiply-adds after ${name}: ${short(await fmaRate(clock, { small }) / 1e12)} TFLOP/s`,
    );
  }
}

async function runAll(names: readonly string[]): Promise<void> {
  const adapter = await findAdapter();
  if (!adapter) throw new Error("Cannot measure WebGPU: there is no adapter; is a Vulkan driver installed?");
  const { name, software, f16 } = adapterFacts(adapter), features = [...adapter.features].join(" ");
  console.log(`${name}${software ? " (software)" : ""}, ${f16 ? "with" : "without"} f16; ${features}`);
  const file = await Deno.makeTempFile(), failed: string[] = [];
  for (const part of names) {
    const start = performance.now();
    console.log(`\n== ${part}`);
    const succeeded = part === "check"
      ? await check(new URL("./", Deno.mainModule), Number(seconds))
      : await runProcess(part, file);
    if (!succeeded) failed.push(part);
    console.log(
      `== ${part}${succeeded ? "" : " FAILED"} after ${((performance.now() - start) / 1000).toFixed(1)} s`,
    );
  }
  const records = (await Deno.readTextFile(file)).trim().split("\n").filter(Boolean).map((line) =>
    JSON.parse(line)
  );
  await Deno.remove(file);
  const limits: Ceiling[] = records.filter((record) => "ceiling" in record);
  const results: Result[] = records.filter((record) => "what" in record);
  const pytorch = await readPyTorch();
  printSummary(results, { ceilings: limits, pytorch });
  if (failed.length > 0) console.log(`\nFailed or stopped: ${failed.join(", ")}`);
  if (values.json === undefined) return;
  const all = { adapter: name, small, failed, ceilings: limits, results, pytorch };
  await Deno.writeTextFile(values.json, `${JSON.stringify(all, undefined, 1)}\n`);
}

/** Runs a part in a process of its own; false if it fails or does not end in time. */
async function runProcess(part: string, file: string): Promise<boolean> {
  const flags = [...small ? ["--small"] : [], ...large ? ["--large"] : []];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", Deno.mainModule, part, ...flags, "--lines", file],
    stderr: "inherit",
    stdout: "inherit",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, 1000 * Number(seconds));
  const { success } = await child.status;
  clearTimeout(timer);
  if (late) console.log(`Stopped after ${seconds} s.`);
  return success;
}

async function readPyTorch(): Promise<PyTorch | undefined> {
  if (values.pytorch === undefined) return undefined;
  try {
    return JSON.parse(await Deno.readTextFile(values.pytorch)) as PyTorch;
  } catch (error) {
    console.log(`\nWithout PyTorch's times: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
