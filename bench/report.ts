import type { CommandTime } from "../src/backend/backend.ts";

/** Runs a script of this folder in a separate process and parses the JSON of its last line. */
export async function runJson<T>(script: string, ...args: readonly (string | number)[]): Promise<T> {
  const path = new URL(script, import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", path, ...args.map(String)],
    stderr: "inherit",
  });
  const { code, stdout } = await command.output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  if (code !== 0) throw new Error(`Cannot measure: ${script} ended with code ${code}`);
  return JSON.parse(lines.at(-1)!) as T;
}

/** The median; the lower of the two middle values if their number is even. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}

/** Prints a table with the first column left-aligned and the others right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [head, ...rows]) {
    console.log(
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  "),
    );
  }
}

/** Prints the time of one run by kernel. `peak` is the peak performance of all threads in FLOP per second. */
export function kernelTable(title: string, commands: readonly CommandTime[], peak: number): void {
  const total = commands.reduce((sum, { seconds }) => sum + seconds, 0);
  const sums = new Map<string, { seconds: number; flop: number; calls: number }>();
  for (const { kernel, seconds, flop } of commands) {
    const sum = sums.get(kernel) ?? { seconds: 0, flop: 0, calls: 0 };
    sums.set(kernel, { seconds: sum.seconds + seconds, flop: sum.flop + flop, calls: sum.calls + 1 });
  }
  const shown = [...sums].filter(([, sum]) => sum.seconds > 0.005 * total);
  table(
    [title, "calls", "ms", "share", "GFLOP/s", "of peak"],
    shown.sort((a, b) => b[1].seconds - a[1].seconds).map(([kernel, { seconds, flop, calls }]) => [
      kernel,
      String(calls),
      (1000 * seconds).toFixed(1),
      `${(100 * seconds / total).toFixed(1)}%`,
      flop ? (flop / seconds / 1e9).toFixed(0) : "",
      flop ? `${(100 * flop / seconds / peak).toFixed(0)}%` : "",
    ]),
  );
}
