import type { Image } from "../image/image.ts";
import { imagesToTensor } from "../image/pixels.ts";
import { DataError } from "../tensor/errors.ts";
import { u32Tensor } from "../tensor/tensor.ts";
import type { Batch, Batches } from "./batch.ts";
import { inLanes } from "./lanes.ts";
import type { Pick, Sampler } from "./picks.ts";
import { ImageReader, type ImageReaderOptions } from "./image_reader.ts";
import type { ImageSource } from "./source.ts";

/** How batches are prepared. What they hold depends on `size` and the sampler alone. */
export interface ImageBatchesOptions extends ImageReaderOptions {
  /** Pixels of a side. */
  readonly size: number;
  /** Steps that are prepared ahead; default 2. */
  readonly ahead?: number;
}

/** After this many replacements in a row, a slot has no image. */
const maxAttempts = 1000;

/**
 * Decodes, crops and mirrors in threads ahead of the step. A damaged image is reported and replaced by the sampler's next
 * attempt for its slot, so that batches are the same whatever the threads do.
 */
export class ImageBatches implements Batches {
  readonly #source: ImageSource;
  readonly #sampler: Sampler;
  readonly #size: number;
  readonly #ahead: number;
  readonly #reader: ImageReader;
  readonly #batches: Map<number, Promise<Batch>> = new Map();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    source: ImageSource,
    sampler: Sampler,
    { size, ahead = 2, ...options }: ImageBatchesOptions,
  ) {
    this.#source = source;
    this.#sampler = sampler;
    this.#size = size;
    this.#ahead = ahead;
    this.#reader = new ImageReader(source, options);
  }

  /**
   * The batch of step `step` (from 0), any number of times and in any order; going on by one is quick.
   * Throws `DataError` where too many images are damaged.
   */
  batch(step: number): Promise<Batch> {
    const end = step + this.#ahead;
    for (const other of this.#batches.keys()) {
      if (other < step || other > end) this.#batches.delete(other);
    }
    for (let next = step; next <= end; next++) {
      if (!this.#batches.has(next)) this.#batches.set(next, this.#queue(next));
    }
    return this.#batches.get(step)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
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
    const taken = await inLanes(this.#sampler.batch, {
      lanes: this.#reader.width,
      work: (slot) => this.#take(step, slot),
    });
    const labels = taken.map(({ pick: { index } }) => this.#source.labels?.[index] ?? 0);
    return {
      images: imagesToTensor(taken.map(({ image }) => image), { layout: "NHWC" }),
      labels: u32Tensor([taken.length], Uint32Array.from(labels)),
      picks: taken.map(({ pick }) => pick),
    };
  }

  async #take(step: number, slot: number): Promise<{ pick: Pick; image: Image }> {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const pick = this.#sampler.pick(step, slot, attempt), { index, crop, mirrored } = pick;
      const image = await this.#reader.read(index, { size: this.#size, crop, mirrored });
      if (image) return { pick, image };
    }
    throw new DataError(`Cannot find an image in ${this.#source.name}`, {
      expected: `one that is whole within ${maxAttempts} samples`,
      got: "damaged ones",
    });
  }
}
