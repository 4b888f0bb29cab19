import { imagesToTensor } from "../../image/pixels.ts";
import { type Preparation, prepareImage } from "../../image/prepare.ts";
import { defaultMaxPixels } from "../../image/header.ts";
import type { Image } from "../../image/image.ts";
import { DataError, ImageError } from "../../tensor/errors.ts";
import { u32Tensor } from "../../tensor/tensor.ts";
import { ImageThreads, ThreadLostError } from "../../../workers/image_threads.ts";
import type { Batch, Batches } from "./batch.ts";
import type { Pick, Sampler } from "./picks.ts";
import type { PictureSource } from "./source.ts";

/** How batches are prepared. What they hold depends on `size` and the sampler alone. */
export interface PictureBatchesOptions {
  /** Pixels of a side. */
  readonly size: number;
  /** Threads that decode; default a quarter of the processors. */
  readonly threads?: number;
  /** Steps that are prepared ahead; default 2. */
  readonly ahead?: number;
  /** Damaged pictures that are passed over before training ends with an error; default 1% of all, at least 10. */
  readonly maxDamaged?: number;
  /** Called once for each picture that is passed over. */
  readonly onDamaged?: (damaged: { picture: number; name: string; reason: string }) => void;
}

/** Megabytes and milliseconds that one picture may take. */
const threadMemory = 1024, threadTime = 60_000;
/** After so many replacements in a row, a slot has no picture. */
const maxAttempts = 1000;

/**
 * Decodes, crops and mirrors in threads ahead of the step. A damaged picture is reported and replaced by the sampler's next
 * attempt for its slot, so that batches are the same whatever the threads do.
 */
export class PictureBatches implements Batches {
  readonly #source: PictureSource;
  readonly #sampler: Sampler;
  readonly #options: PictureBatchesOptions;
  readonly #threads: ImageThreads;
  readonly #width: number;
  readonly #maxDamaged: number;
  readonly #damaged: Set<number> = new Set();
  readonly #end: AbortController = new AbortController();
  readonly #batches: Map<number, Promise<Batch>> = new Map();
  #last: Promise<unknown> = Promise.resolve();

  constructor(source: PictureSource, sampler: Sampler, options: PictureBatchesOptions) {
    this.#source = source;
    this.#sampler = sampler;
    this.#options = options;
    this.#width = options.threads ?? Math.max(1, navigator.hardwareConcurrency >> 2);
    this.#maxDamaged = options.maxDamaged ?? Math.max(10, Math.floor(source.length / 100));
    this.#threads = new ImageThreads({ size: this.#width, memory: threadMemory, time: threadTime });
  }

  /**
   * The batch of step `step` (from 0), any number of times and in any order; going on by one is quick.
   * Throws `DataError` where too many pictures are damaged.
   */
  batch(step: number): Promise<Batch> {
    const end = step + (this.#options.ahead ?? 2);
    for (const other of this.#batches.keys()) {
      if (other < step || other > end) this.#batches.delete(other);
    }
    for (let next = step; next <= end; next++) {
      if (!this.#batches.has(next)) this.#batches.set(next, this.#queue(next));
    }
    return this.#batches.get(step)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new DOMException("The batches were disposed", "AbortError"));
    await this.#threads[Symbol.asyncDispose]();
    await this.#last;
  }

  /** Prepares a batch when those before it are ready, so that only `ahead` of them are in memory. */
  #queue(step: number): Promise<Batch> {
    const batch = this.#last.then(() => this.#prepare(step));
    // An error is for whoever asks for the batch, not for those that come after it.
    this.#last = batch.catch(() => {});
    return batch;
  }

  async #prepare(step: number): Promise<Batch> {
    const slots = Array.from({ length: this.#sampler.batch }, (_, slot) => slot);
    const taken: { pick: Pick; image: Image }[] = [];
    // As many are read at a time as the threads need to stay busy.
    await Promise.all(Array.from({ length: this.#width * 2 }, async () => {
      for (let slot = slots.shift(); slot !== undefined; slot = slots.shift()) {
        taken[slot] = await this.#take(step, slot);
      }
    }));
    const labels = taken.map(({ pick: { picture } }) => this.#source.labels?.[picture] ?? 0);
    return {
      images: imagesToTensor(taken.map(({ image }) => image)),
      labels: u32Tensor([taken.length], Uint32Array.from(labels)),
      picks: taken.map(({ pick }) => pick),
    };
  }

  async #take(step: number, slot: number): Promise<{ pick: Pick; image: Image }> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      this.#end.signal.throwIfAborted();
      const pick = this.#sampler.pick(step, slot, attempt);
      if (this.#damaged.has(pick.picture)) continue;
      try {
        const { crop, mirrored } = pick;
        const file = await this.#source.read(pick.picture);
        const image = await this.#square(file, { size: this.#options.size, crop, mirrored });
        return { pick, image };
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        this.#passOver(pick.picture, error);
      }
    }
    throw new DataError(`Cannot find a picture in ${this.#source.name}`, {
      expected: `one that is whole within ${maxAttempts} draws`,
      got: "damaged ones",
    });
  }

  async #square(file: Uint8Array | Image, preparation: Preparation): Promise<Image> {
    if (!(file instanceof Uint8Array)) return prepareImage(file, preparation);
    const { signal } = this.#end;
    try {
      const answer = await this.#threads.ask(
        { type: "prepare", bytes: file, maxPixels: defaultMaxPixels, preparation },
        { signal, transfer: ownMemory(file) },
      );
      if (answer.type === "decoded") return answer.image;
      throw new ImageError(answer.type === "encoded" ? "Cannot decode the picture" : answer.message);
    } catch (error) {
      if (error instanceof ThreadLostError) {
        throw new ImageError(`Cannot decode the picture: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }

  #passOver(picture: number, cause: ImageError): void {
    if (this.#damaged.has(picture)) return;
    this.#damaged.add(picture);
    const name = this.#source.nameOf(picture);
    this.#options.onDamaged?.({ picture, name, reason: cause.message });
    if (this.#damaged.size <= this.#maxDamaged) return;
    throw new DataError(`Cannot go on with ${this.#source.name}`, {
      expected: `at most ${this.#maxDamaged} damaged pictures (maxDamaged)`,
      got: `${this.#damaged.size} with ${name}: ${cause.message}`,
      hint: "remove the damaged pictures, or raise the limit",
      cause,
    });
  }
}

/** What may be given away with a file: its memory, where that is its own. */
function ownMemory({ byteLength, buffer }: Uint8Array): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? [buffer] : [];
}
