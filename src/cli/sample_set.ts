import { writeFileAtomic } from "../checkpoint/atomic.ts";
import { writeNpz } from "../checkpoint/npz.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError, FileError } from "../tensor/errors.ts";

/** The most bytes of pictures in one file: it is put together in memory. */
const maxBytes = 2 ** 31 - 2 ** 20;
const description = "request.json";

/**
 * A set of pictures for evaluation, one `.npz` of uint8 `[N,H,W,3]` named `arr_0`, as the ADM suite reads it. Until it is
 * complete its pictures lie in a folder beside it, so that work that was stopped goes on where it was.
 */
export class SampleSet {
  readonly #path: string;
  readonly #size: number;
  readonly #total: number;
  readonly #parts: Map<number, number>;

  private constructor(
    path: string,
    { size, total, parts }: { size: number; total: number; parts: Map<number, number> },
  ) {
    this.#path = path;
    this.#size = size;
    this.#total = total;
    this.#parts = parts;
  }

  /**
   * Starts a set of `total` pictures of `size` pixels a side, or goes on with the one that `request`, the same text, began.
   * Throws `ArgumentError` where another request began it or it would be too large, `FileError` where nothing can be written.
   */
  static async open(
    path: string,
    { size, total, request }: { size: number; total: number; request: string },
  ): Promise<SampleSet> {
    if (3 * size * size * total > maxBytes) {
      throw new ArgumentError(`Cannot write ${path}`, {
        expected: `at most ${Math.floor(maxBytes / 3 / size / size)} pictures of ${size}×${size} in one file`,
        got: `${total}`,
        hint: "cut the work into parts with --shard",
      });
    }
    const folder = folderOf(path), told = `${folder}/${description}`;
    const before = await Deno.readTextFile(told).catch(() => undefined);
    if (before !== undefined && before !== request) {
      throw new ArgumentError(`Cannot go on with ${path}`, {
        expected: "the request that it was begun with",
        got: "another one",
        hint: `give the same options, or remove ${folder}`,
      });
    }
    try {
      await Deno.mkdir(folder, { recursive: true });
      if (before === undefined) await writeFileAtomic(told, new TextEncoder().encode(request));
    } catch (cause) {
      throw new FileError(`Cannot write ${folder}`, { got: String(cause), cause });
    }
    const parts = new Map<number, number>();
    for await (const { name } of Deno.readDir(folder)) {
      const [, first, count] = /^(\d+)-(\d+)\.rgb$/.exec(name) ?? [];
      if (first !== undefined) parts.set(Number(first), Number(count));
    }
    return new SampleSet(path, { size, total, parts });
  }

  /** How many pictures are there already, from the first on. */
  get done(): number {
    let done = 0;
    for (let count = this.#parts.get(0); count !== undefined; count = this.#parts.get(done)) done += count;
    return done;
  }

  /** Adds the next pictures. */
  async add(images: readonly Image[]): Promise<void> {
    const first = this.done, bytes = 3 * this.#size ** 2;
    const data = new Uint8Array(images.length * bytes);
    images.forEach((image, i) => data.set(image.data, i * bytes));
    await writeFileAtomic(`${folderOf(this.#path)}/${first}-${images.length}.rgb`, data);
    this.#parts.set(first, images.length);
  }

  /** Writes the `.npz` and removes the folder. */
  async finish(): Promise<void> {
    const bytes = 3 * this.#size ** 2, data = new Uint8Array(this.#total * bytes);
    for (let first = 0; first < this.#total;) {
      const count = this.#parts.get(first)!;
      data.set(await Deno.readFile(`${folderOf(this.#path)}/${first}-${count}.rgb`), first * bytes);
      first += count;
    }
    const array = { shape: [this.#total, this.#size, this.#size, 3], data };
    await writeFileAtomic(this.#path, writeNpz({ arr_0: array }));
    await Deno.remove(folderOf(this.#path), { recursive: true });
  }
}

function folderOf(path: string): string {
  return `${path}.parts`;
}
