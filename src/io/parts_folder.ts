import { ArgumentError, FileError } from "../tensor/errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { reasonOf } from "./byte_source.ts";

const description = "request.json";

/** A run of items that lies in one file. */
export interface Part {
  /** The first item. */
  readonly first: number;
  readonly count: number;
  readonly path: string;
}

/**
 * The folder beside a file that is being made, `<file>.parts`, in which its parts lie until it is complete: so work that
 * was stopped goes on where it was. Each part is a file `<first>-<count>.<extension>`, written atomically.
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
   * Throws `ArgumentError` where another request created it, `FileError` where nothing can be written.
   */
  static async open(
    file: string,
    { request, extension }: { request: string; extension: string },
  ): Promise<PartsFolder> {
    const folder = folderOf(file), told = `${folder}/${description}`;
    const before = await Deno.readTextFile(told).catch(() => undefined);
    if (before !== undefined && before !== request) {
      throw new ArgumentError(`Cannot go on with ${file}`, {
        expected: "the request that it was begun with",
        got: "another one",
        hint: `give the same options, or remove ${folder}`,
      });
    }
    try {
      await Deno.mkdir(folder, { recursive: true });
      if (before === undefined) await writeFileAtomic(told, new TextEncoder().encode(request));
    } catch (cause) {
      if (cause instanceof FileError) throw cause;
      throw new FileError(`Cannot write ${folder}`, { got: reasonOf(cause), cause });
    }
    const parts = new Map<number, Part>();
    for await (const { name } of Deno.readDir(folder)) {
      const [, first, count, found] = /^(\d+)-(\d+)\.(\w+)$/.exec(name) ?? [];
      if (first === undefined || found !== extension) continue;
      parts.set(Number(first), { first: Number(first), count: Number(count), path: `${folder}/${name}` });
    }
    return new PartsFolder(file, extension, parts);
  }

  /** How many items there are already, from the first on. */
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

  /** Adds the next items by what writes them, atomically, to a path. */
  async add(count: number, write: (path: string) => Promise<void>): Promise<void> {
    const first = this.done, path = `${folderOf(this.#file)}/${first}-${count}.${this.#extension}`;
    await write(path);
    this.#parts.set(first, { first, count, path });
  }

  /** Removes the folder: the file is complete. */
  async remove(): Promise<void> {
    await Deno.remove(folderOf(this.#file), { recursive: true });
  }
}

function folderOf(path: string): string {
  return `${path}.parts`;
}
