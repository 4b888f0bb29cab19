import { writeFileAtomic } from "../io/atomic.ts";
import { files } from "../io/host.ts";
import { writeNpz } from "../io/npz.ts";
import { PartsFolder } from "../io/parts_folder.ts";
import type { Image } from "../image/image.ts";
import { ArgumentError } from "../tensor/errors.ts";

/** The most bytes of images in one file, which is assembled in memory. */
const maxBytes = 2 ** 31 - 2 ** 20;

/**
 * A set of images for evaluation: an `.npz` file with a uint8 array `arr_0` `[N,H,W,3]`, the format of the ADM suite.
 * Until it is complete its images are stored in a folder beside it, so that interrupted work can be resumed.
 */
export class SampleSet {
  readonly #path: string;
  readonly #size: number;
  readonly #total: number;
  readonly #folder: PartsFolder;

  private constructor(path: string, folder: PartsFolder, { size, total }: { size: number; total: number }) {
    this.#path = path;
    this.#size = size;
    this.#total = total;
    this.#folder = folder;
  }

  /**
   * Starts a set of `total` images of `size` pixels a side, or resumes the one that was started with an equal `request`.
   * Throws `ArgumentError` if it was started with another request or is too large, `FileError` if it cannot be written.
   */
  static async open(
    path: string,
    { size, total, request }: { size: number; total: number; request: string },
  ): Promise<SampleSet> {
    if (3 * size * size * total > maxBytes) {
      throw new ArgumentError(`Cannot write ${path}`, {
        expected: `at most ${Math.floor(maxBytes / 3 / size / size)} images of ${size}×${size} in one file`,
        got: `${total}`,
        hint: "divide the work with --shard",
      });
    }
    const folder = await PartsFolder.open(path, { request, extension: "rgb" });
    return new SampleSet(path, folder, { size, total });
  }

  /** Number of images that are stored already, from the first on. */
  get done(): number {
    return this.#folder.done;
  }

  /** Adds the next images. */
  async add(images: readonly Image[]): Promise<void> {
    const bytes = 3 * this.#size ** 2;
    const data = new Uint8Array(images.length * bytes);
    images.forEach((image, i) => data.set(image.data, i * bytes));
    await this.#folder.add(images.length, (path) => writeFileAtomic(path, data));
  }

  /** Writes the `.npz` and removes the folder. */
  async finish(): Promise<void> {
    const bytes = 3 * this.#size ** 2, data = new Uint8Array(this.#total * bytes);
    for (const { first, path } of this.#folder.parts) data.set(await files().readFile(path), first * bytes);
    const array = { shape: [this.#total, this.#size, this.#size, 3], data };
    await writeFileAtomic(this.#path, writeNpz({ arr_0: array }));
    await this.#folder.remove();
  }
}
