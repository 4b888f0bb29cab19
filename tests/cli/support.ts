import type { Io } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import { concat } from "../../src/io/concat.ts";

/** The output and exit code of a command. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
  /** The bytes of a file on standard output. */
  readonly bytes: Uint8Array;
}

/** Input and output in memory, with what was written so far. */
export function memoryIo(
  { signal = new AbortController().signal, input, toTerminal = false }: {
    signal?: AbortSignal;
    input?: Uint8Array;
    toTerminal?: boolean;
  } = {},
): Io & { written(): Omit<Outcome, "code"> } {
  const out: string[] = [], notes: string[] = [], bytes: Uint8Array[] = [];
  return {
    out: (text) => void out.push(text),
    note: (text) => void notes.push(text),
    input: () => Promise.resolve(new Uint8Array(input ?? [])),
    output: (some) => void bytes.push(some),
    toTerminal,
    watched: false,
    signal,
    written: () => ({ out: out.join("\n"), notes: notes.join("\n"), bytes: concat(bytes) }),
  };
}

/** Runs `voken` in this process. */
export async function voken(
  args: readonly string[],
  options?: Parameters<typeof memoryIo>[0],
): Promise<Outcome> {
  const io = memoryIo(options), code = await main(args, io);
  return { code, ...io.written() };
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
