import type { Image } from "../../image/image.ts";
import { formatGrid, imageGrid } from "../../tokenizer/grid.ts";
import { maxRunPixels } from "../../tokenizer/runs.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { Tokens } from "../../tokenizer/tokens.ts";
import type { Metrics } from "../observe/metrics.ts";
import { allAborted } from "./all_aborted.ts";
import { BatchWindow, nextTurn } from "./batch_window.ts";
import { FairQueue } from "./fair_queue.ts";
import type { Job } from "./job.ts";

/** The part of a tokenizer that the service uses. */
export type ServableTokenizer = Pick<Tokenizer, "encode" | "decode" | "codebookSize" | "factor" | "config">;

type Work =
  | { readonly kind: "encode"; readonly input: Image; readonly resolve: (output: Tokens) => void }
  | { readonly kind: "decode"; readonly input: Tokens; readonly resolve: (output: Image) => void };

type Item = Work & {
  /** Items with equal keys can be batched. */
  readonly key: string;
  readonly job: Job;
  readonly reject: (reason: unknown) => void;
};

/** Allowed batch sizes. Powers of two keep the number of compiled programs small. */
const batchSizes: readonly number[] = [8, 4, 2, 1];

/**
 * Batches images of one size, and tokens of one grid, that arrive at about the same time. The tokenizer computes each
 * result independently of the rest of its batch. If a batch fails, each of its items is run again by itself.
 */
export class TokenizerBatcher {
  readonly #tokenizer: ServableTokenizer;
  readonly #metrics: Metrics;
  readonly #queue: FairQueue<Item> = new FairQueue();
  readonly #window: BatchWindow;
  #running = false;

  constructor(tokenizer: ServableTokenizer, { metrics, expected }: {
    metrics: Metrics;
    /** Number of admitted requests. Those that are not queued here may be soon. */
    expected: () => number;
  }) {
    this.#tokenizer = tokenizer;
    this.#metrics = metrics;
    this.#window = new BatchWindow({
      present: () => this.#queue.size,
      expected: () => Math.min(expected(), batchSizes[0]!),
    });
  }

  /** Number of queued items. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Encodes an image. Rejects with the reason of the job's signal, or with what the tokenizer throws. */
  encode(image: Image, job: Job): Promise<Tokens> {
    const { promise, resolve, reject } = Promise.withResolvers<Tokens>();
    const key = `encode ${image.width}×${image.height}`;
    this.#add({ kind: "encode", input: image, resolve, key, job, reject });
    return promise;
  }

  /** Decodes tokens. Rejects as `encode` does. */
  decode(tokens: Tokens, job: Job): Promise<Image> {
    const { promise, resolve, reject } = Promise.withResolvers<Image>();
    const key = `decode ${formatGrid(tokens.grid)}`;
    this.#add({ kind: "decode", input: tokens, resolve, key, job, reject });
    return promise;
  }

  #add(item: Item): void {
    const { client, signal } = item.job;
    if (signal.aborted) return item.reject(signal.reason);
    signal.addEventListener("abort", () => {
      if (this.#queue.remove(item)) item.reject(signal.reason);
    }, { once: true });
    this.#queue.add(client, item);
    this.#window.arrived();
    if (!this.#running) void this.#work();
  }

  /** Runs batches until the queue is empty. Never rejects. */
  async #work(): Promise<void> {
    this.#running = true;
    await this.#window.wait();
    for (let first = this.#queue.take(); first; first = this.#queue.take()) {
      await this.#run(this.#batchOf(first));
      // Clients whose results were just sent may have sent their next requests.
      await nextTurn();
    }
    this.#running = false;
  }

  #batchOf(first: Item): Item[] {
    const { factor } = this.#tokenizer;
    const [rows, columns] = first.kind === "encode"
      ? [first.input.height / factor, first.input.width / factor]
      : imageGrid(first.input.grid, "decode the tokens");
    const pixels = rows * columns * factor ** 2;
    const batch = [first];
    while (batch.length < batchSizes[0]! && (batch.length + 1) * pixels <= maxRunPixels) {
      const next = this.#queue.take(({ key }) => key === first.key);
      if (!next) break;
      batch.push(next);
    }
    return batch;
  }

  /** Runs items as batches of the allowed sizes. */
  async #run(items: readonly Item[]): Promise<void> {
    for (const { job } of items) job.onStart?.();
    for (let at = 0; at < items.length;) {
      const size = batchSizes.find((size) => size <= items.length - at)!;
      const batch = items.slice(at, at + size);
      at += size;
      try {
        await this.#runBatch(batch);
      } catch (error) {
        if (size === 1) batch[0]!.reject(error);
        else for (const item of batch) await this.#runBatch([item]).catch(item.reject);
      }
    }
  }

  async #runBatch(batch: readonly Item[]): Promise<void> {
    const [first] = batch as readonly [Item];
    // All jobs may have been cancelled while earlier batches ran.
    if (batch.every(({ job }) => job.signal.aborted)) throw first.job.signal.reason;
    this.#metrics.batch(first.kind, batch.length);
    // One cancelled job must not cancel the others: the batch is cancelled only if all of its jobs are.
    const signal = allAborted(batch.map(({ job }) => job.signal));
    if (first.kind === "encode") {
      const encodes = batch as readonly Extract<Item, { kind: "encode" }>[];
      const outputs = await this.#tokenizer.encode(encodes.map(({ input }) => input), { signal });
      encodes.forEach(({ resolve }, i) => resolve(outputs[i]!));
    } else {
      const decodes = batch as readonly Extract<Item, { kind: "decode" }>[];
      const outputs = await this.#tokenizer.decode(decodes.map(({ input }) => input), { signal });
      decodes.forEach(({ resolve }, i) => resolve(outputs[i]!));
    }
  }
}
