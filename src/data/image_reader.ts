import { ImageThreads, ThreadLostError } from "../../workers/image_threads.ts";
import { defaultMaxPixels } from "../image/header.ts";
import type { Image } from "../image/image.ts";
import { type Preparation, prepareImage } from "../image/prepare.ts";
import { DataError, ImageError } from "../tensor/errors.ts";
import type { ImageSource } from "./source.ts";

/** How a source's images are read. */
export interface ImageReaderOptions {
  /** Threads that decode; default a quarter of the processors. */
  readonly threads?: number;
  /** Damaged images that are passed over before that is an error; default 1% of all, at least 10. */
  readonly maxDamaged?: number;
  /** Called once for each image that is passed over. */
  readonly onDamaged?: (damaged: DamagedImage) => void;
}

/** An image that could not be read. */
export interface DamagedImage {
  /** Its number in the source. */
  readonly index: number;
  /** Its name in the source. */
  readonly name: string;
  /** Why it cannot be read. */
  readonly reason: string;
}

/** Megabytes and milliseconds that one image may take. */
const threadMemory = 1024, threadTime = 60_000;

/** Reads images of a source and decodes them in threads. Disposing ends the threads, not the source. */
export class ImageReader implements AsyncDisposable {
  /** How many reads at a time keep the threads busy. */
  readonly width: number;
  readonly #source: ImageSource;
  readonly #options: ImageReaderOptions;
  readonly #threads: ImageThreads;
  readonly #damaged: Set<number> = new Set();
  readonly #maxDamaged: number;
  readonly #end: AbortController = new AbortController();

  constructor(source: ImageSource, options: ImageReaderOptions = {}) {
    const size = options.threads ?? Math.max(1, navigator.hardwareConcurrency >> 2);
    this.width = size * 2;
    this.#source = source;
    this.#options = options;
    this.#maxDamaged = options.maxDamaged ?? Math.max(10, Math.floor(source.length / 100));
    this.#threads = new ImageThreads({ size, memory: threadMemory, time: threadTime });
  }

  /**
   * An image as a square for a model, or nothing where it is damaged.
   * Throws `DataError` where too many are, or the source cannot be read.
   */
  async read(index: number, preparation: Preparation): Promise<Image | undefined> {
    this.#end.signal.throwIfAborted();
    if (this.#damaged.has(index)) return undefined;
    try {
      return await this.#prepare(await this.#source.read(index), preparation);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      this.#passOver(index, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The reader was disposed", "AbortError"));
    await this.#threads[Symbol.asyncDispose]();
  }

  async #prepare(file: Uint8Array | Image, preparation: Preparation): Promise<Image> {
    if (!(file instanceof Uint8Array)) return prepareImage(file, preparation);
    const { signal } = this.#end;
    try {
      const answer = await this.#threads.ask(
        { type: "decode", bytes: file, maxPixels: defaultMaxPixels, preparation },
        { signal, transfer: ownMemory(file) },
      );
      if (answer.type === "decoded") return answer.image;
      throw new ImageError(answer.type === "encoded" ? "Cannot decode the image" : answer.message);
    } catch (error) {
      if (error instanceof ThreadLostError) {
        throw new ImageError(`Cannot decode the image: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }

  #passOver(index: number, cause: ImageError): void {
    if (this.#damaged.has(index)) return;
    this.#damaged.add(index);
    const name = this.#source.nameOf(index);
    this.#options.onDamaged?.({ index, name, reason: cause.message });
    if (this.#damaged.size <= this.#maxDamaged) return;
    throw new DataError(`Cannot continue with ${this.#source.name}`, {
      expected: `at most ${this.#maxDamaged} damaged images (maxDamaged)`,
      got: `${this.#damaged.size} with ${name}: ${cause.message}`,
      hint: "remove the damaged images, or raise the limit",
      cause,
    });
  }
}

/** What may be given away with a file: its memory, where that is its own. */
function ownMemory({ byteLength, buffer }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [];
}
