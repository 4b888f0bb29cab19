import { nextTurn } from "../../backend/event_loop.ts";
import { BatchWindow } from "./batch_window.ts";
import { FairQueue } from "./fair_queue.ts";
import type { Job } from "./job.ts";

/** Allowed batch sizes, the largest first. Powers of two keep the number of compiled programs small. */
export const batchSizes: readonly [number, ...number[]] = [8, 4, 2, 1];

/** What is run in batches. */
export interface LaneItem {
  /** Items with equal keys can be batched. */
  readonly key: string;
  /** How many of its kind a batch may hold. */
  readonly most: number;
  readonly job: Job;
  readonly reject: (reason: unknown) => void;
}

/** A queue whose items are run in batches, one after the other. If a batch fails, each of its items is run again by itself. */
export class BatchLane<Item extends LaneItem> {
  readonly #run: (batch: readonly Item[]) => Promise<void>;
  readonly #queue: FairQueue<Item> = new FairQueue();
  readonly #window: BatchWindow;
  #running = false;

  constructor({ run, expected }: {
    run: (batch: readonly Item[]) => Promise<void>;
    /** Number of items that may be queued soon, including those that already are. */
    expected: () => number;
  }) {
    this.#run = run;
    this.#window = new BatchWindow({
      present: () => this.waiting,
      expected: () => Math.min(expected(), batchSizes[0]),
    });
  }

  /** Number of queued items. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Queues an item, which is run, or rejected with its signal's reason. */
  add(item: Item): void {
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
      await this.#runAll(this.#batchOf(first));
      // Clients whose results were just sent may have sent their next requests.
      await nextTurn();
    }
    this.#running = false;
  }

  #batchOf(first: Item): Item[] {
    const batch = [first];
    while (batch.length < Math.min(batchSizes[0], first.most)) {
      const next = this.#queue.take(({ key }) => key === first.key);
      if (!next) break;
      batch.push(next);
    }
    return batch;
  }

  /** Runs items as batches of the allowed sizes. */
  async #runAll(items: readonly Item[]): Promise<void> {
    for (const { job } of items) job.onStart?.();
    for (let at = 0; at < items.length;) {
      const size = batchSizes.find((size) => size <= items.length - at)!;
      const batch = items.slice(at, at + size);
      at += size;
      try {
        await this.#run(batch);
      } catch (error) {
        if (size === 1) batch[0]!.reject(error);
        else for (const item of batch) await this.#run([item]).catch(item.reject);
      }
    }
  }
}
