import type { Image } from "../../image/image.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import { formatGrid, imageGrid } from "../../tokenizer/grid.ts";
import type { Tokens } from "../../tokenizer/tokens.ts";
import type { Metrics } from "../observe/metrics.ts";
import { Company, turn } from "./company.ts";
import { FairQueue } from "./fair_queue.ts";

/** What of a tokenizer is needed to serve it. */
export type ServableTokenizer = Pick<Tokenizer, "encode" | "decode" | "codebookSize" | "factor" | "config">;

/** Whose work it is, and what ends it early. */
export interface Errand {
  /** Clients take turns. */
  readonly client: string;
  readonly signal: AbortSignal;
  /** Called when the work begins. */
  onStart?(): void;
}

type Work =
  | { readonly kind: "encode"; readonly input: Image; readonly resolve: (output: Tokens) => void }
  | { readonly kind: "decode"; readonly input: Tokens; readonly resolve: (output: Image) => void };

type Job = Work & {
  /** Jobs of one key can be one batch. */
  readonly key: string;
  readonly errand: Errand;
  readonly reject: (reason: unknown) => void;
};

/** Images that a batch may hold: powers of two, so that few programs are compiled. */
const batchSizes: readonly number[] = [8, 4, 2, 1];
/** Pixels beyond which one image keeps all threads busy alone. */
const maxBatchPixels = 65536;

/**
 * Gathers images of one size, and tokens of one grid, that come at about the same time into batches. A result does
 * not depend on its neighbours: the tokenizer sees to that. Where a batch fails, each of it is tried alone.
 */
export class TokenizerBatcher {
  readonly #tokenizer: ServableTokenizer;
  readonly #metrics: Metrics;
  readonly #queue: FairQueue<Job> = new FairQueue();
  readonly #company: Company;
  #running = false;

  constructor(tokenizer: ServableTokenizer, { metrics, expected }: {
    metrics: Metrics;
    /** Requests that are inside: those not queued here may be about to. */
    expected: () => number;
  }) {
    this.#tokenizer = tokenizer;
    this.#metrics = metrics;
    this.#company = new Company({
      present: () => this.#queue.size,
      expected: () => Math.min(expected(), batchSizes[0]!),
    });
  }

  /** Jobs that wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Tokens of an image. Rejects with the reason of the errand's signal, and with what the tokenizer throws. */
  encode(image: Image, errand: Errand): Promise<Tokens> {
    const { promise, resolve, reject } = Promise.withResolvers<Tokens>();
    const key = `encode ${image.width}×${image.height}`;
    this.#add({ kind: "encode", input: image, resolve, key, errand, reject });
    return promise;
  }

  /** The image of tokens. Rejects as `encode` does. */
  decode(tokens: Tokens, errand: Errand): Promise<Image> {
    const { promise, resolve, reject } = Promise.withResolvers<Image>();
    const key = `decode ${formatGrid(tokens.grid)}`;
    this.#add({ kind: "decode", input: tokens, resolve, key, errand, reject });
    return promise;
  }

  #add(job: Job): void {
    const { signal } = job.errand;
    if (signal.aborted) return job.reject(signal.reason);
    signal.addEventListener("abort", () => {
      if (this.#queue.remove(job)) job.reject(signal.reason);
    }, { once: true });
    this.#queue.add(job.errand.client, job);
    this.#company.arrived();
    if (!this.#running) void this.#work();
  }

  /** Works until nothing waits. Never rejects. */
  async #work(): Promise<void> {
    this.#running = true;
    await this.#company.wait();
    for (let first = this.#queue.take(); first; first = this.#queue.take()) {
      await this.#run(this.#batchOf(first));
      // What just ended may make its clients come again: let those that are ready in.
      await turn();
    }
    this.#running = false;
  }

  #batchOf(first: Job): Job[] {
    const { factor } = this.#tokenizer;
    const [rows, columns] = first.kind === "encode"
      ? [first.input.height / factor, first.input.width / factor]
      : imageGrid(first.input.grid, "decode the tokens");
    const pixels = rows * columns * factor ** 2;
    const batch = [first];
    while (batch.length < batchSizes[0]! && (batch.length + 1) * pixels <= maxBatchPixels) {
      const next = this.#queue.take(({ key }) => key === first.key);
      if (!next) break;
      batch.push(next);
    }
    return batch;
  }

  /** Runs a batch in pieces of the usual sizes. */
  async #run(batch: readonly Job[]): Promise<void> {
    for (const { errand } of batch) errand.onStart?.();
    for (let at = 0; at < batch.length;) {
      const size = batchSizes.find((size) => size <= batch.length - at)!;
      const piece = batch.slice(at, at + size);
      at += size;
      try {
        await this.#runTogether(piece);
      } catch (error) {
        if (size === 1) piece[0]!.reject(error);
        else for (const job of piece) await this.#runTogether([job]).catch(job.reject);
      }
    }
  }

  async #runTogether(jobs: readonly Job[]): Promise<void> {
    const [first] = jobs as readonly [Job];
    // All may have left while others were run.
    if (jobs.every(({ errand }) => errand.signal.aborted)) throw first.errand.signal.reason;
    this.#metrics.batch(first.kind, jobs.length);
    // A client that leaves must not end the work of the others: only when all have left does it end.
    const signal = whenAll(jobs.map(({ errand }) => errand.signal));
    if (first.kind === "encode") {
      const encodes = jobs as readonly Extract<Job, { kind: "encode" }>[];
      const outputs = await this.#tokenizer.encode(encodes.map(({ input }) => input), { signal });
      encodes.forEach(({ resolve }, i) => resolve(outputs[i]!));
    } else {
      const decodes = jobs as readonly Extract<Job, { kind: "decode" }>[];
      const outputs = await this.#tokenizer.decode(decodes.map(({ input }) => input), { signal });
      decodes.forEach(({ resolve }, i) => resolve(outputs[i]!));
    }
  }
}

/** Aborted when all of `signals` are, with the reason of the last. */
function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const [only] = signals;
  if (only && signals.length === 1) return only;
  const controller = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const count = () => --left === 0 && controller.abort(signal.reason);
    if (signal.aborted) count();
    else signal.addEventListener("abort", count, { once: true });
  }
  return controller.signal;
}
