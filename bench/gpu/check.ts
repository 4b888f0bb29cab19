/** The op cases and goldens of the tests on this machine's adapter. */

/** The test files that need an adapter. In a pack each is a bundle of the same name with `check_` before it. */
export const checks: Readonly<Record<string, string>> = {
  check_ops: "tests/ops/webgpu.slow.ts",
  check_ops_f16: "tests/ops/webgpu_f16.slow.ts",
  check_tokenizer: "tests/tokenizer/webgpu.slow.ts",
  check_transformer: "tests/transformer/webgpu.slow.ts",
  check_training: "tests/train/webgpu.slow.ts",
};

/** What the tests of one file gave. */
export interface Checked {
  readonly name: string;
  readonly passed: number;
  readonly total: number;
  readonly complete: boolean;
  readonly text: string;
}

/** Counts the tests of a file by what uvu prints at the end of each of its suites. */
export function countTests(text: string): { passed: number; total: number } {
  // deno-lint-ignore no-control-regex
  const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const sum = (word: string) =>
    [...plain.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, "gm"))].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  return { passed: sum("Passed"), total: sum("Total") };
}

async function runFile(name: string, script: string, seconds: number): Promise<Checked> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", ...script.endsWith(".ts") ? ["--config", "tests/deno.json"] : [], script],
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 1000 * seconds);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { name, ...countTests(text), complete: code === 0, text };
}

/** Runs all test files at once and says how many tests passed; the output of those that failed comes last. */
export async function check(pack: URL, seconds: number): Promise<boolean> {
  const results = await Promise.all(
    Object.keys(checks).map(async (name) => {
      const start = performance.now(),
        result = await runFile(name, new URL(`${name}.js`, pack).pathname, seconds);
      const { passed, total, complete } = result, took = ((performance.now() - start) / 1000).toFixed(1);
      console.log(
        `${name}: ${passed} of ${total} tests passed in ${took} s${
          complete ? "" : ", FAILED or not finished"
        }`,
      );
      return result;
    }),
  );
  for (const { name, complete, text } of results) {
    if (!complete) console.log(`\n${name}\n${text.slice(-6000)}`);
  }
  return results.every(({ complete, total }) => complete && total > 0);
}
