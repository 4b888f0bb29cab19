import type { Image } from "../../image/image.ts";
import { paddingTo } from "../../image/pixels.ts";
import { formatGrid, imageGrid } from "../../tokenizer/grid.ts";
import { maxRunPixels } from "../../tokenizer/runs.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { Tokens } from "../../tokenizer/tokens.ts";
import type { ModelMetrics } from "../observe/metrics.ts";
import { allAborted } from "./all_aborted.ts";
import { BatchLane, type LaneItem } from "./batch_lane.ts";
import type { Job } from "./job.ts";

/** The part of a tokenizer that the service uses. */
export type ServableTokenizer = Pick<
  Tokenizer,
  "encode" | "decode" | "backend" | "codebookSize" | "factor" | "config"
>;

type Work =
  | { readonly kind: "encode"; readonly input: Image; readonly resolve: (output: Tokens) => void }
  | { readonly kind: "decode"; readonly input: Tokens; readonly resolve: (output: Image) => void };

type Item = Work & LaneItem;

/**
 * Batches images of one size, and tokens of one grid, that arrive at about the same time. The tokenizer computes each
 * result independently of the rest of its batch. Images that are too large for batches have a lane of their own: the
 * backend lets small ones go first in the pauses of a large one.
 */
export class TokenizerBatcher {
  readonly #tokenizer: ServableTokenizer;
  readonly #metrics: ModelMetrics;
  readonly #small: BatchLane<Item>;
  readonly #large: BatchLane<Item>;

  constructor(tokenizer: ServableTokenizer, { metrics, expected }: {
    metrics: ModelMetrics;
    /** Number of admitted requests. Those that are not queued here may be soon. */
    expected: () => number;
  }) {
    this.#tokenizer = tokenizer;
    this.#metrics = metrics;
    const run = (batch: readonly Item[]) => this.#run(batch);
    this.#small = new BatchLane({ run, expected });
    this.#large = new BatchLane({ run, expected: () => 1 });
  }

  /** Number of queued items. */
  get waiting(): number {
    return this.#small.waiting + this.#large.waiting;
  }

  /** Encodes an image. Rejects with the reason of the job's signal, or with what the tokenizer throws. */
  encode(image: Image, job: Job): Promise<Tokens> {
    const { promise, resolve, reject } = Promise.withResolvers<Tokens>();
    const key = `encode ${image.width}×${image.height}`;
    this.#add({ kind: "encode", input: image, resolve, key, most: this.#most(image), job, reject });
    return promise;
  }

  /** Decodes tokens. Rejects as `encode` does. */
  decode(tokens: Tokens, job: Job): Promise<Image> {
    const { promise, resolve, reject } = Promise.withResolvers<Image>();
    const [rows, columns] = imageGrid(tokens.grid, "decode the tokens"), { factor } = this.#tokenizer;
    const most = this.#most({ width: columns * factor, height: rows * factor });
    this.#add({
      kind: "decode",
      input: tokens,
      resolve,
      key: `decode ${formatGrid(tokens.grid)}`,
      most,
      job,
      reject,
    });
    return promise;
  }

  /** How many images of a size one run takes; 0 if a single one is large. */
  #most(size: { readonly width: number; readonly height: number }): number {
    const { width, height } = paddingTo(size, this.#tokenizer.factor);
    return Math.floor(maxRunPixels / (width * height));
  }

  #add(item: Item): void {
    (item.most > 0 ? this.#small : this.#large).add(item);
  }

  async #run(batch: readonly Item[]): Promise<void> {
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
