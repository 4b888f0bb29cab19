import type { DecodeBatch } from "../../transformer/decode_batch.ts";
import type { Generation } from "../../transformer/generation.ts";
import type { ModelMetrics } from "../observe/metrics.ts";
import type { FairQueue } from "./fair_queue.ts";
import type { Job } from "./job.ts";

/** An image that is queued or being generated. */
export interface Sequence {
  readonly generation: Generation;
  readonly job: Job;
  readonly onToken: ((count: number) => void) | undefined;
  readonly resolve: (tokens: Uint32Array) => void;
  readonly reject: (reason: unknown) => void;
  /** How often it was restarted because a step failed. */
  failures: number;
}

/** How often an image is restarted before its job fails. */
const maxFailures = 1;

/** A decode batch and the images in its slots. */
export class SlotBatch implements AsyncDisposable {
  readonly #batch: Pick<DecodeBatch, "step"> & AsyncDisposable;
  readonly #metrics: ModelMetrics;
  readonly #slots: (Sequence | undefined)[];

  /** Takes ownership of `batch`. */
  constructor(
    batch: Pick<DecodeBatch, "size" | "step"> & AsyncDisposable,
    { metrics }: { metrics: ModelMetrics },
  ) {
    this.#batch = batch;
    this.#metrics = metrics;
    this.#slots = new Array<undefined>(batch.size).fill(undefined);
  }

  /** Number of slots in use. */
  get active(): number {
    return this.#slots.reduce((sum, sequence) => sum + (sequence ? 1 : 0), 0);
  }

  /** Moves queued images into the free slots. */
  fill(queue: FairQueue<Sequence>): void {
    for (const [i, taken] of this.#slots.entries()) {
      if (taken) continue;
      const sequence = queue.take();
      if (!sequence) return;
      this.#slots[i] = sequence;
      sequence.job.onStart?.();
    }
  }

  /** Frees the slots of cancelled jobs. */
  releaseCancelled(): void {
    this.#slots.forEach((sequence, i) => {
      if (sequence?.job.signal.aborted) this.#slots[i] = undefined;
    });
  }

  /** Generates the next token of each image. Never rejects: failures end or restart the images concerned. */
  async step(): Promise<void> {
    this.#metrics.step(this.active);
    let outcomes: Awaited<ReturnType<DecodeBatch["step"]>>;
    try {
      outcomes = await this.#batch.step(this.#slots.map((sequence) => sequence?.generation));
    } catch (error) {
      return this.#restart(error);
    }
    for (const [i, sequence] of this.#slots.entries()) {
      if (!sequence) continue;
      const { tokens, count } = sequence.generation, failure = outcomes[i];
      if (failure) sequence.reject(failure);
      else {
        this.#metrics.tokens("generated", 1);
        sequence.onToken?.(count);
        if (count < tokens.length) continue;
        sequence.resolve(tokens);
      }
      this.#slots[i] = undefined;
    }
  }

  /** The cached keys and values are lost. Images are restarted, with the same result, or fail at the second time. */
  #restart(error: unknown): void {
    for (const [i, sequence] of this.#slots.entries()) {
      if (!sequence) continue;
      sequence.generation.count = 0;
      if (++sequence.failures <= maxFailures) continue;
      this.#slots[i] = undefined;
      sequence.reject(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batch[Symbol.asyncDispose]();
  }
}
