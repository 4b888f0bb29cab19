/** What is counted while serving. Times are in seconds. */
export interface Metrics {
  /** A request was answered. `route` is the pattern, never what the client wrote. */
  request(facts: { method: string; route: string; status: number; seconds: number }): void;
  /** A request for a model waited so long before its work began. */
  queued(seconds: number): void;
  /** A batch of the tokenizer began. */
  batch(kind: "encode" | "decode", images: number): void;
  /** A token of so many images is being generated. */
  step(images: number): void;
  /** Tokens were made of images, or images of tokens. */
  tokens(kind: "encoded" | "decoded" | "generated", count: number): void;
  /** Images went out. */
  images(count: number): void;
  /** A worker that decodes files had to be replaced. */
  workerReplaced(): void;
  /** What is asked for when somebody looks. */
  watch(gauges: Gauges): void;
  /** All of it as text, and its type; nothing where nothing is kept. */
  text(): Promise<{ body: string; contentType: string } | undefined>;
}

/** Figures that are read at the moment of a scrape. */
export interface Gauges {
  /** Requests whose work has begun. */
  running(): number;
  /** Requests that wait for their work to begin. */
  waiting(): number;
}

/** Keeps nothing, for hosts where nobody can ask. */
export const noMetrics: Metrics = {
  request() {},
  queued() {},
  batch() {},
  step() {},
  tokens() {},
  images() {},
  workerReplaced() {},
  watch() {},
  text: () => Promise.resolve(undefined),
};
