/** Runs a benchmark's process (a script in this folder) and reads the JSON of its last line. */
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

/** The middle value; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}

/** Prints rows under a head, the first column to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [head, ...rows]) {
    console.log(
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  "),
    );
  }
}
