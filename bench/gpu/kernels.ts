import type { CommandTime } from "../../src/backend/backend.ts";
import { table } from "../report.ts";

/** Prints how long a run took by kernel and size, the longest first, with each dispatch timed by itself. */
export function printKernels(title: string, commands: readonly CommandTime[], rows = 14): void {
  const sums = new Map<string, { seconds: number; flop: number; count: number }>();
  for (const { kernel, seconds, flop } of commands) {
    const name = `${kernel}${flop > 1e7 ? ` ${(flop / 1e9).toFixed(2)} GFLOP` : ""}`;
    const sum = sums.get(name) ?? { seconds: 0, flop: 0, count: 0 };
    sums.set(name, { seconds: sum.seconds + seconds, flop: sum.flop + flop, count: sum.count + 1 });
  }
  const total = commands.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n${title}: ${(1000 * total).toFixed(2)} ms in ${commands.length} dispatches`);
  const longest = [...sums].sort(([, a], [, b]) => b.seconds - a.seconds).slice(0, rows);
  table(
    ["", "dispatches", "ms", "share", "µs each", "TFLOP/s"],
    longest.map(([name, { seconds, flop, count }]) => [
      name,
      `${count}`,
      (1000 * seconds).toFixed(3),
      `${(100 * seconds / total).toFixed(1)}%`,
      (1e6 * seconds / count).toFixed(1),
      flop > 0 ? (flop / seconds / 1e12).toFixed(2) : "",
    ]),
  );
}
