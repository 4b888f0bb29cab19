import type { Image } from "../image/image.ts";

/** Pictures by number, in an order that depends on their names alone. Disposing closes the files. */
export interface PictureSource extends AsyncDisposable {
  /** The folder, the files, or what else errors call the source. */
  readonly name: string;
  /** How many pictures there are. */
  readonly length: number;
  /** The names of the classes in the order of their numbers; empty where pictures have no labels. */
  readonly classes: readonly string[];
  /** Each picture's class, all below `classes.length`; absent where pictures have no labels. */
  readonly labels?: Uint32Array;
  /** The pictures that the data themselves keep apart for evaluation, where they name such. */
  readonly heldOut?: readonly number[];
  /** What a picture is called in logs. */
  nameOf(picture: number): string;
  /**
   * A picture as the bytes of its file, still to be decoded, or as pixels. Many may be read at a time.
   * Throws `ImageError` where this one cannot be read.
   */
  read(picture: number): Promise<Uint8Array | Image>;
}
