import type { Generation } from "../../transformer/generation.ts";
import { isGuided } from "../../transformer/generation.ts";
import type { DecodeBatch } from "../../transformer/decode_batch.ts";
import type { Generator } from "../../transformer/generator.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Company } from "./company.ts";
import { FairQueue } from "./fair_queue.ts";
import type { Errand } from "./tokenizer_batcher.ts";

/** What of a generator is needed to serve it. */
export type ServableGenerator = Pick<
  Generator,
  "plan" | "likeliest" | "openBatch" | "classNames" | "sampling" | "config" | "size"
>;

/** What of a table is needed to generate at it. */
type Table = Pick<DecodeBatch, "size" | "guided" | "step"> & AsyncDisposable;

/** An image that waits or is generated. */
interface Seat {
  readonly generation: Generation;
  readonly errand: Errand;
  readonly onToken: ((count: number) => void) | undefined;
  readonly resolve: (tokens: Uint32Array) => void;
  readonly reject: (reason: unknown) => void;
  /** Times that it was begun anew, because the machine failed. */
  failures: number;
}

/** A table, and who sits there. */
interface Setting {
  readonly table: Table;
  readonly seats: (Seat | undefined)[];
}

/** Places of the tables that are opened as they are needed. */
const tableSizes: readonly number[] = [1, 2, 4, 8, 16];
const largestTable = tableSizes.at(-1)!;
/** Times that an image is begun anew. */
const maxFailures = 1;

/**
 * Continuous batching: images of all requests are generated side by side, token by token. New ones join at the next token,
 * finished ones and those whose client left make room. Clients take turns at free places. What an image becomes does
 * not depend on its neighbours.
 */
export class GenerationScheduler implements AsyncDisposable {
  readonly #generator: ServableGenerator;
  readonly #metrics: Metrics;
  /** Images without guidance take one row, those with it two: they sit at different tables. */
  readonly #queues: Readonly<Record<"plain" | "guided", FairQueue<Seat>>> = {
    plain: new FairQueue(),
    guided: new FairQueue(),
  };
  readonly #settings: Map<string, Setting> = new Map();
  readonly #company: Company;
  #working: Promise<void> | undefined;
  /** Places of the largest table that there is memory for, as far as is known. */
  #largest: number = largestTable;

  constructor(generator: ServableGenerator, { metrics, expected }: {
    metrics: Metrics;
    /** Requests that are inside: those not queued here may be about to. */
    expected: () => number;
  }) {
    this.#generator = generator;
    this.#metrics = metrics;
    this.#company = new Company({
      present: () => this.waiting,
      expected: () => Math.min(expected(), largestTable),
    });
  }

  /** Images that wait for a place. */
  get waiting(): number {
    return this.#queues.plain.size + this.#queues.guided.size;
  }

  /** Images that are being generated. */
  get generation(): number {
    return [...this.#settings.values()].reduce((sum, setting) => sum + seated(setting), 0);
  }

  /**
   * Generates the tokens of an image; `onToken` hears how many are generated. Rejects with the reason of the errand's signal,
   * within one token, and with what generation throws.
   */
  generate(generation: Generation, errand: Errand, onToken?: (count: number) => void): Promise<Uint32Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint32Array>();
    const { signal } = errand;
    if (signal.aborted) {
      reject(signal.reason);
      return promise;
    }
    const seat: Seat = { generation, errand, onToken, resolve, reject, failures: 0 };
    const queue = this.#queues[isGuided(generation.settings) ? "guided" : "plain"];
    signal.addEventListener("abort", () => {
      // One that is being generated leaves its place before the next token; its client need not wait for that.
      queue.remove(seat);
      reject(signal.reason);
    }, { once: true });
    queue.add(errand.client, seat);
    this.#company.arrived();
    this.#working ??= this.#work();
    return promise;
  }

  /** Waits for the images under way, then frees the tables. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working;
    await Promise.all([...this.#settings.values()].map(({ table }) => table[Symbol.asyncDispose]()));
    this.#settings.clear();
  }

  /** Generates until nobody sits or waits. Never rejects. */
  async #work(): Promise<void> {
    // Requests that come together shall sit together.
    await this.#company.wait();
    while (this.waiting + this.generation > 0) {
      for (const setting of this.#settings.values()) clearLeft(setting);
      await this.#seat("guided");
      await this.#seat("plain");
      for (const setting of this.#settings.values()) {
        clearLeft(setting);
        if (seated(setting) > 0) await this.#step(setting);
      }
    }
    this.#working = undefined;
    // Other models may have left some memory until the next requests come.
    this.#largest = largestTable;
  }

  /** Gives free places to those who wait, and opens a larger table where that helps. */
  async #seat(kind: "plain" | "guided"): Promise<void> {
    const queue = this.#queues[kind], largest = this.#largest;
    const active = tableSizes.filter((size) => {
      const setting = this.#settings.get(`${kind} ${size}`);
      return setting !== undefined && seated(setting) > 0;
    });
    // While the largest is in use the others run out: one table of all is faster than two.
    const refilled = active.includes(largest) ? [largest] : active.toReversed();
    for (const size of refilled) this.#fill(this.#settings.get(`${kind} ${size}`)!, queue);
    if (queue.size === 0 || active.includes(largest)) return;
    const wanted = tableSizes.find((size) => size >= queue.size && !active.includes(size)) ?? largest;
    const size = Math.min(wanted, largest);
    try {
      this.#fill(await this.#open(kind, size), queue);
    } catch (error) {
      // No memory for so many places: those who wait sit at fewer, or when others have left.
      const fewer = tableSizes.findLast((fewer) => fewer < size);
      if (fewer !== undefined) this.#largest = fewer;
      else if (active.length === 0) {
        for (let seat = queue.take(); seat; seat = queue.take()) seat.reject(error);
      }
    }
  }

  async #open(kind: "plain" | "guided", size: number): Promise<Setting> {
    const key = `${kind} ${size}`, open = this.#settings.get(key);
    if (open) return open;
    const table = await this.#generator.openBatch({ size, guided: kind === "guided" });
    const setting = { table, seats: new Array<Seat | undefined>(size).fill(undefined) };
    this.#settings.set(key, setting);
    return setting;
  }

  #fill({ seats }: Setting, queue: FairQueue<Seat>): void {
    for (const [i, taken] of seats.entries()) {
      if (taken) continue;
      const seat = queue.take();
      if (!seat) return;
      seats[i] = seat;
      seat.errand.onStart?.();
    }
  }

  async #step({ table, seats }: Setting): Promise<void> {
    this.#metrics.step(seats.filter((seat) => seat !== undefined).length);
    let outcomes: Awaited<ReturnType<Table["step"]>>;
    try {
      outcomes = await table.step(seats.map((seat) => seat?.generation));
    } catch (error) {
      for (const [i, seat] of seats.entries()) {
        if (!seat) continue;
        // What the table remembered of it is not to be relied on. It begins anew and becomes the same image.
        seat.generation.count = 0;
        if (++seat.failures <= maxFailures) continue;
        seats[i] = undefined;
        seat.reject(error);
      }
      return;
    }
    for (const [i, seat] of seats.entries()) {
      if (!seat) continue;
      const { tokens, count } = seat.generation, failure = outcomes[i];
      if (failure) seat.reject(failure);
      else {
        this.#metrics.tokens("generated", 1);
        seat.onToken?.(count);
        if (count < tokens.length) continue;
        seat.resolve(tokens);
      }
      seats[i] = undefined;
    }
  }
}

function seated({ seats }: Setting): number {
  return seats.reduce((sum, seat) => sum + (seat ? 1 : 0), 0);
}

/** Frees the places of those whose clients have left. */
function clearLeft({ seats }: Setting): void {
  seats.forEach((seat, i) => {
    if (seat?.errand.signal.aborted) seats[i] = undefined;
  });
}
