import { type Generation, isGuided } from "../../transformer/generation.ts";
import type { Generator } from "../../transformer/generator.ts";
import type { ModelMetrics } from "../observe/metrics.ts";
import { BatchWindow } from "./batch_window.ts";
import { FairQueue } from "./fair_queue.ts";
import type { Job } from "./job.ts";
import { type Sequence, SlotBatch } from "./slot_batch.ts";

/** The part of a generator that the service uses. */
export type ServableGenerator = Pick<
  Generator,
  "plan" | "likeliest" | "openBatch" | "classNames" | "sampling" | "config" | "size"
>;

type Kind = "plain" | "guided";

/** Sizes of the batches, which are opened when they are first needed. */
const batchSizes: readonly number[] = [1, 2, 4, 8, 16];
const largestBatch = batchSizes.at(-1)!;

/**
 * Continuous batching: images of all requests are generated together, token by token. New images join at the next
 * token; images that are finished or cancelled free their slots. Free slots go to clients in turn. The result of an
 * image does not depend on the rest of its batch.
 */
export class GenerationScheduler implements AsyncDisposable {
  readonly #generator: ServableGenerator;
  readonly #metrics: ModelMetrics;
  /** A guided image takes two rows of a batch and a plain one takes one, so that each kind has batches of its own. */
  readonly #queues: Readonly<Record<Kind, FairQueue<Sequence>>> = {
    plain: new FairQueue(),
    guided: new FairQueue(),
  };
  readonly #batches: Map<string, SlotBatch> = new Map();
  readonly #window: BatchWindow;
  #working: Promise<void> | undefined;
  /** The size of the largest batch that fits into memory, as far as is known. */
  #largest: number = largestBatch;

  constructor(generator: ServableGenerator, { metrics, expected }: {
    metrics: ModelMetrics;
    /** Number of admitted requests. Those that are not queued here may be soon. */
    expected: () => number;
  }) {
    this.#generator = generator;
    this.#metrics = metrics;
    this.#window = new BatchWindow({
      present: () => this.waiting,
      expected: () => Math.min(expected(), largestBatch),
    });
  }

  /** Number of images that wait for a slot. */
  get waiting(): number {
    return this.#queues.plain.size + this.#queues.guided.size;
  }

  /** Number of images that are being generated. */
  get active(): number {
    return this.#batches.values().reduce((sum, batch) => sum + batch.active, 0);
  }

  /**
   * Generates the tokens of an image. `onToken` is called after each token with the number of tokens so far. Rejects
   * within one token with the reason of the job's signal, or with the error of the generation.
   */
  generate(
    generation: Generation,
    job: Job,
    { onToken }: { onToken?: (count: number) => void } = {},
  ): Promise<Uint32Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint32Array>();
    const { client, signal } = job;
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    // Of an image that is given, all may be kept.
    if (generation.count === generation.tokens.length) return Promise.resolve(generation.tokens);
    const sequence: Sequence = { generation, job, onToken, resolve, reject, failures: 0 };
    const queue = this.#queues[isGuided(generation.settings) ? "guided" : "plain"];
    signal.addEventListener("abort", () => {
      // An active image frees its slot before the next token; its client does not have to wait for that.
      queue.remove(sequence);
      reject(signal.reason);
    }, { once: true });
    queue.add(client, sequence);
    this.#window.arrived();
    this.#working ??= this.#work();
    return promise;
  }

  /** Waits for the active images, then disposes the batches. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working;
    await Promise.all(this.#batches.values().map((batch) => batch[Symbol.asyncDispose]()));
    this.#batches.clear();
  }

  /** Generates until no image is active or queued. Never rejects. */
  async #work(): Promise<void> {
    await this.#window.wait();
    while (this.waiting + this.active > 0) {
      for (const batch of this.#batches.values()) batch.releaseCancelled();
      await this.#admit("guided");
      await this.#admit("plain");
      for (const batch of this.#batches.values()) {
        batch.releaseCancelled();
        if (batch.active > 0) await batch.step();
      }
    }
    this.#working = undefined;
    // Other models may have freed memory by the time of the next request.
    this.#largest = largestBatch;
  }

  /** Fills free slots from the queue, and opens a larger batch if images are left. */
  async #admit(kind: Kind): Promise<void> {
    const queue = this.#queues[kind], largest = this.#largest;
    const batchOf = (size: number) => this.#batches.get(`${kind} ${size}`);
    const active = batchSizes.filter((size) => (batchOf(size)?.active ?? 0) > 0);
    // While the largest batch is active the others run out: one batch of all images is faster than two.
    const refilled = active.includes(largest) ? [largest] : active.toReversed();
    for (const size of refilled) batchOf(size)!.fill(queue);
    if (queue.size === 0 || active.includes(largest)) return;
    const wanted = batchSizes.find((size) => size >= queue.size && !active.includes(size)) ?? largest;
    const size = Math.min(wanted, largest);
    try {
      (await this.#open(kind, size)).fill(queue);
    } catch (error) {
      // Out of memory: the queued images use a smaller batch, or wait for a slot of an active one.
      const smaller = batchSizes.findLast((smaller) => smaller < size);
      if (smaller !== undefined) this.#largest = smaller;
      else if (active.length === 0) {
        for (let sequence = queue.take(); sequence; sequence = queue.take()) sequence.reject(error);
      }
    }
  }

  async #open(kind: Kind, size: number): Promise<SlotBatch> {
    const key = `${kind} ${size}`, open = this.#batches.get(key);
    if (open) return open;
    const decode = await this.#generator.openBatch({ size, guided: kind === "guided" });
    const batch = new SlotBatch(decode, { metrics: this.#metrics });
    this.#batches.set(key, batch);
    return batch;
  }
}
