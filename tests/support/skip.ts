import type { Callback, Test } from "uvu";

/** How many tests of this process were skipped, by reason. */
export const skipped: Record<string, number> = {};

/** Returns `test` or, if there is a reason to skip, a function that skips the tests it is given and counts them. */
export function skipIf<T>(
  reason: string | undefined,
  test: Test<T>,
): (name: string, handler: Callback<T>) => void {
  if (reason === undefined) return test;
  return () => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
}

/** Why a test that needs Linux cannot run, if so. */
export const notLinux: string | undefined = Deno.build.os === "linux" ? undefined : "needs Linux";
