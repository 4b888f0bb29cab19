import type { Program } from "../backend/backend.ts";
import { OutOfMemoryError } from "../backend/out_of_memory.ts";
import { BackendError } from "../tensor/errors.ts";

interface Entry {
  readonly program: Promise<Program>;
  /** Calls that run it or wait for it. */
  users: number;
}

/** A cache of compiled programs that evicts those least recently used, but none in use. */
export class ProgramCache implements AsyncDisposable {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #entries: Map<string, Entry> = new Map();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of cached programs. */
  get size(): number {
    return this.#entries.size;
  }

  /** Calls `work` with the program `key`, which `compile` makes if it is not cached. */
  async use<Result>(
    key: string,
    { compile, work }: { compile: () => Promise<Program>; work: (program: Program) => Promise<Result> },
  ): Promise<Result> {
    let entry = this.#entries.get(key);
    if (!entry) {
      const room = this.#evict(this.#capacity - 1);
      entry = { program: room.then(() => this.#compile(compile)), users: 0 };
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      let program: Program;
      try {
        program = await entry.program;
      } catch (error) {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
        throw error;
      }
      return await work(program);
    } finally {
      entry.users--;
    }
  }

  /** Disposes all programs. No call may be under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#evict(0);
  }

  /** Compiles. If memory runs out, disposes the programs that are not in use and tries once more. */
  async #compile(compile: () => Promise<Program>): Promise<Program> {
    try {
      return await compile();
    } catch (error) {
      const isHopeless = error instanceof OutOfMemoryError && error.lack.wanted > error.lack.most;
      if (!(error instanceof BackendError) || isHopeless || !await this.#evict(0)) throw error;
      return await compile();
    }
  }

  /** Disposes unused programs, least recently used first, until `keep` are left. Resolves to whether there were any. */
  async #evict(keep: number): Promise<boolean> {
    const unused: Entry[] = [];
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= keep) break;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      unused.push(entry);
    }
    await Promise.all(unused.map(async ({ program }) => (await program)[Symbol.asyncDispose]()));
    return unused.length > 0;
  }
}
