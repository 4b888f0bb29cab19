/**
 * Runs the uvu suites of one file and prints what happened as the last line, in JSON: `deno run -A tests/run_file.ts
 * PATH`. `tests/run.ts` starts it.
 */
import { skipped } from "./support/skip.ts";

/** What happened to the tests of a file. */
export interface FileResult {
  readonly passed: number;
  readonly failed: number;
  /** How many tests were skipped, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** The errors of those that failed. */
  readonly details: string;
}

interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  /** Per file: its name, then one runner per suite, which gives [errors or true, passed, skipped, total]. */
  UVU_QUEUE?: [string, ...(() => Promise<[string | true, number, number, number]>)[]][];
}

if (import.meta.main) {
  const [name] = Deno.args as [string];
  const queue: NonNullable<UvuGlobals["UVU_QUEUE"]> = [[name]];
  Object.assign(globalThis as UvuGlobals, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: queue });
  await import(new URL(name, import.meta.url).href);

  let passed = 0, failed = 0, details = "";
  const [, ...suites] = queue[0]!;
  for (const suite of suites) {
    const [errors, ran, , total] = await suite();
    passed += ran;
    failed += total - ran;
    if (typeof errors === "string") details += errors;
  }
  const result: FileResult = { passed, failed, skipped, details };
  console.log(`\n${JSON.stringify(result)}`);
  Deno.exit(failed > 0 ? 1 : 0);
}
