import type { Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";

/** The output and exit code of a command. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

/** Runs `voken` in this process. */
export async function voken(
  args: readonly string[],
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<Outcome> {
  const out: string[] = [], notes: string[] = [];
  const io: Io = {
    out: (text) => void out.push(text),
    note: (text) => void notes.push(text),
    watched: false,
    signal,
  };
  const code = await main(args, io);
  return { code, out: out.join("\n"), notes: notes.join("\n") };
}

/** A folder that is removed when it goes out of scope. */
export function scratch(): Disposable & { path: string; at(name: string): string; files(): string[] } {
  const path = Deno.makeTempDirSync({ prefix: "voken-" });
  const walk = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? walk(`${folder}/${name}`) : [`${folder}/${name}`.slice(path.length + 1)]
    );
  return {
    path,
    at: (name) => `${path}/${name}`,
    files: () => walk(path).sort(),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}
