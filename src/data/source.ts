import type { Image } from "../image/image.ts";

/** Images by number, in an order that depends on their names alone. Disposing closes the files. */
export interface ImageSource extends AsyncDisposable {
  /** The folder, the files, or what else errors call the source. */
  readonly name: string;
  /** How many images there are. */
  readonly length: number;
  /** The names of the classes in the order of their numbers; empty where images have no labels. */
  readonly classes: readonly string[];
  /** Each image's class, all below `classes.length`; absent where images have no labels. */
  readonly labels?: Uint32Array;
  /** The images that the data themselves keep apart for evaluation, where they name such. */
  readonly heldOut?: readonly number[];
  /** What an image is called in logs. */
  nameOf(index: number): string;
  /**
   * An image as the bytes of its file, still to be decoded, or as pixels. Many may be read at a time.
   * Throws `ImageError` where this one cannot be read.
   */
  read(index: number): Promise<Uint8Array | Image>;
}
