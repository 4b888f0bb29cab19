/** Records the work of a model. */
export interface ModelMetrics {
  /** A batch of the tokenizer was started. */
  batch(kind: "encode" | "decode", images: number): void;
  /** A step that generates one token of each of `images` images was started. */
  step(images: number): void;
  /** Tokens were encoded, decoded or generated. */
  tokens(kind: "encoded" | "decoded" | "generated", count: number): void;
  /** Images were sent. */
  images(count: number): void;
}

/** Records measurements of the service. Times are in seconds. */
export interface Metrics {
  /**
   * A request has ended. `route` is the pattern of the route, not the path that the client sent. The status of a request whose
   * client left is 499, also when the response had begun.
   */
  request(facts: { method: string; route: string; status: number; seconds: number }): void;
  /** The time from the arrival of a request to the start of its work. */
  queued(seconds: number): void;
  /** Records the work of the model of that name. */
  model(name: string): ModelMetrics;
  /** A worker that decodes and encodes image files was replaced. */
  workerReplaced(): void;
  /** Registers values that are read when the metrics are collected. */
  watch(gauges: Gauges): void;
  /** The metrics as text and its media type; `undefined` if nothing is recorded. */
  text(): Promise<{ body: string; contentType: string } | undefined>;
}

/** Values that are read when the metrics are collected. */
export interface Gauges {
  /** Number of requests whose work has begun. */
  running(): number;
  /** Number of requests that wait for their work to begin. */
  waiting(): number;
  /** Bytes of request bodies that are held. */
  bodyBytes(): number;
}

/** Records nothing, for hosts without metrics. */
export const noModelMetrics: ModelMetrics = { batch() {}, step() {}, tokens() {}, images() {} };

/** Records nothing, for hosts without metrics. */
export const noMetrics: Metrics = {
  request() {},
  queued() {},
  model: () => noModelMetrics,
  workerReplaced() {},
  watch() {},
  text: () => Promise.resolve(undefined),
};
