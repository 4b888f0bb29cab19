import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import type { Page as Tests } from "./page.ts";

/** Holds about `count` cases of each op, in each way to cut it and format of weights, against the reference. */
export async function checkOps(page: Page, { count }: { count: number }): Promise<void> {
  const ops = await page.evaluate(() => (globalThis as unknown as { page: Tests }).page.ops());
  assert.ok(ops.length > 20);
  for (const op of ops) {
    const tilings = ["conv", "linear", "sample"].includes(op) ? ["direct", "staged"] : ["staged"];
    for (const tiling of tilings) {
      const wrong = await page.evaluate(
        ({ op, tiling, count }) =>
          (globalThis as unknown as { page: Tests }).page.check(op, { tiling, count }),
        { op, tiling, count },
      );
      assert.equal(wrong, [], `${op}, ${tiling}`);
    }
  }
}
