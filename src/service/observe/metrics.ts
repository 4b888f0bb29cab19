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

/** How a request ended: with its answer, refused, given up by its client, or by something that failed. */
export type Outcome = "served" | "refused" | "left" | "failed";

/** The end of a request. */
export interface RequestFacts {
  readonly method: string;
  /** The pattern of the route, not the path that the client sent. */
  readonly route: string;
  /** 499 if the client left, and that of the error if a stream failed, also when the response had begun with 200. */
  readonly status: number;
  readonly outcome: Outcome;
  /** The model of a request for model work. */
  readonly model: string | undefined;
  readonly seconds: number;
}

/** Records measurements of the service. Times are in seconds. */
export interface Metrics {
  /** A request has ended. */
  request(facts: RequestFacts): void;
  /** A phase of a request has ended; `queue` is a wait for the model. */
  phase(
    facts: { readonly phase: string; readonly model: string | undefined; readonly seconds: number },
  ): void;
  /** Records the work of a model, which the backend of that name runs. */
  model(model: { readonly name: string; readonly backend: string }): ModelMetrics;
  /** A file has waited for a thread that decodes or encodes it. */
  codecQueued(seconds: number): void;
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
  /** Number of requests that have arrived and wait for their work to begin. */
  waiting(): number;
  /** Number of requests whose bodies are awaited. */
  receiving(): number;
  /** Bytes of request bodies that are held. */
  bodyBytes(): number;
}

/** Records nothing, for hosts without metrics. */
export const noModelMetrics: ModelMetrics = { batch() {}, step() {}, tokens() {}, images() {} };

/** Records nothing, for hosts without metrics. */
export const noMetrics: Metrics = {
  request() {},
  phase() {},
  model: () => noModelMetrics,
  codecQueued() {},
  workerReplaced() {},
  watch() {},
  text: () => Promise.resolve(undefined),
};
