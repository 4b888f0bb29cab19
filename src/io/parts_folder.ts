import { ArgumentError, FileError } from "../tensor/errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { files } from "./host.ts";
import { reasonOf } from "./reason.ts";

const description = "request.json";

/** Consecutive items that are stored in one file. */
export interface Part {
  /** The first item. */
  readonly first: number;
  readonly count: number;
  readonly path: string;
}

/**
 * The folder `<file>.parts` beside an unfinished file. It stores the parts of the file until it is complete, so that
 * interrupted work can be resumed. Each part is a file `<first>-<count>.<extension>`, written atomically.
 */
export class PartsFolder {
  readonly #file: string;
  readonly #extension: string;
  readonly #parts: Map<number, Part>;

  private constructor(file: string, extension: string, parts: Map<number, Part>) {
    this.#file = file;
    this.#extension = extension;
    this.#parts = parts;
  }

  /**
   * Creates the folder for `file`, or continues with the folder that the same `request` created earlier.
   * Throws `ArgumentError` if another request created it, `FileError` if it cannot be written.
   */
  static async open(
    file: string,
    { request, extension }: { request: string; extension: string },
  ): Promise<PartsFolder> {
    const folder = folderOf(file), requestPath = `${folder}/${description}`;
    const before = await files().readFile(requestPath, "utf8").catch(() => undefined);
    if (before !== undefined && before !== request) {
      throw new ArgumentError(`Cannot resume ${file}`, {
        expected: "the options that it was started with",
        got: "other options",
        hint: `use the same options, or delete ${folder}`,
      });
    }
    try {
      await files().mkdir(folder, { recursive: true });
      if (before === undefined) await writeFileAtomic(requestPath, new TextEncoder().encode(request));
    } catch (cause) {
      if (cause instanceof FileError) throw cause;
      throw new FileError(`Cannot write ${folder}`, { got: reasonOf(cause), cause });
    }
    const parts = new Map<number, Part>();
    for (const name of await files().readdir(folder)) {
      const [, first, count, found] = /^(\d+)-(\d+)\.(\w+)$/.exec(name) ?? [];
      if (first === undefined || found !== extension) continue;
      parts.set(Number(first), { first: Number(first), count: Number(count), path: `${folder}/${name}` });
    }
    return new PartsFolder(file, extension, parts);
  }

  /** Number of stored items, from the first on. */
  get done(): number {
    const last = this.parts.at(-1);
    return last ? last.first + last.count : 0;
  }

  /** The parts from the first item on, in order, up to the first gap. */
  get parts(): Part[] {
    const parts: Part[] = [];
    for (let part = this.#parts.get(0); part; part = this.#parts.get(part.first + part.count)) {
      parts.push(part);
      if (part.count === 0) break;
    }
    return parts;
  }

  /** Adds the next items. `write` must write them atomically to a path. */
  async add(count: number, write: (path: string) => Promise<void>): Promise<void> {
    const first = this.done, path = `${folderOf(this.#file)}/${first}-${count}.${this.#extension}`;
    await write(path);
    this.#parts.set(first, { first, count, path });
  }

  /** Removes the folder when the file is complete. */
  async remove(): Promise<void> {
    await files().rm(folderOf(this.#file), { recursive: true });
  }
}

function folderOf(path: string): string {
  return `${path}.parts`;
}
