import * as assert from "uvu/assert";
import { createImage, type Image } from "../../src/image/image.ts";
import { serve, type ServeOptions } from "../../src/service/serve.ts";
import { createService, type Service } from "../../src/service/service.ts";
import type { ServiceOptions } from "../../src/service/options.ts";
import type { ServableGenerator } from "../../src/service/work/generation_scheduler.ts";
import type { ServableTokenizer } from "../../src/service/work/tokenizer_batcher.ts";
import type { Tokens } from "../../src/tokenizer/tokens.ts";
import { smallSample } from "../support/models.ts";

/** A sample image's file, of 32×32 pixels. */
export const ring: Uint8Array<ArrayBuffer> = await Deno.readFile(smallSample("ring"));

/** A test double whose work takes as long as `gate` says. Tokens are the brightness of the first pixel. */
export class TokenizerDouble implements ServableTokenizer {
  readonly backend = "double";
  /** As the small model's, so that its generator takes the tokens. */
  readonly codebookSize: number = 2 ** 18;
  readonly factor = 4;
  readonly config = {} as ServableTokenizer["config"];
  /** Sizes of the batches so far. */
  readonly batches: number[] = [];
  /** Number of cancelled calls. */
  aborted = 0;
  /** Each call waits for its result. */
  gate: () => Promise<void> = () => Promise.resolve();

  encode(image: Image, options?: { signal?: AbortSignal }): Promise<Tokens>;
  encode(images: readonly Image[], options?: { signal?: AbortSignal }): Promise<Tokens[]>;
  async encode(
    images: Image | readonly Image[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Tokens | Tokens[]> {
    const list = images as readonly Image[];
    await this.#work(list.length, signal);
    return list.map((image) => {
      const grid = [Math.ceil(image.height / 4), Math.ceil(image.width / 4)] as const;
      return {
        grid,
        codebookSize: this.codebookSize,
        data: new Uint32Array(grid[0] * grid[1]).fill(image.data[0]!),
      };
    });
  }

  decode(tokens: Tokens, options?: { signal?: AbortSignal }): Promise<Image>;
  decode(tokens: readonly Tokens[], options?: { signal?: AbortSignal }): Promise<Image[]>;
  async decode(
    tokens: Tokens | readonly Tokens[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Image | Image[]> {
    const list = tokens as readonly Tokens[];
    await this.#work(list.length, signal);
    return list.map(({ grid: [rows, columns], data }) => {
      const image = createImage({ width: columns * 4, height: rows * 4 });
      image.data.fill(data[0]!);
      return image;
    });
  }

  async #work(size: number, signal: AbortSignal | undefined): Promise<void> {
    this.batches.push(size);
    const gone = Promise.withResolvers<never>();
    const leave = () => {
      this.aborted++;
      gone.reject(signal!.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([this.gate(), gone.promise]);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }
}

/** A service with a test double as its model, and a generator if one is given. */
export function doubled(
  { generator, ...options }: Partial<ServiceOptions> & { generator?: ServableGenerator } = {},
): { service: Service; double: TokenizerDouble } {
  const double = new TokenizerDouble();
  const service = createService({ models: [{ name: "double", tokenizer: double, generator }], ...options });
  return { service, double };
}

/** A service that listens on a free port. Disposing it stops the server and disposes the service. */
export async function listening(
  service: Service,
  options: ServeOptions = {},
): Promise<AsyncDisposable & { readonly url: string; readonly port: number; stop(): Promise<void> }> {
  const server = await serve(service, { port: 0, ...options });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    stop: () => server.stop(),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await service[Symbol.asyncDispose]();
    },
  };
}

/** A request with a body. */
export function post(body: BodyInit | null, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body, headers };
}

/** A request with JSON. */
export function postJson(value: unknown, headers: Record<string, string> = {}): RequestInit {
  return post(JSON.stringify(value), { "content-type": "application/json", ...headers });
}

/** Checks that a response is an error response of the documented form, and returns its code. */
export async function refusal(response: Response, status: number, label = ""): Promise<string> {
  const text = await response.text();
  assert.is(response.status, status, `${label}: ${response.status} ${text}`);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const { error, requestId, ...rest } = JSON.parse(text);
  assert.equal(rest, {});
  assert.equal(Object.keys(error), ["message", "type", "param", "code"]);
  assert.is(requestId, response.headers.get("x-request-id"));
  assert.match(error.code, /^[a-z_]+$/);
  assert.not.match(text, /\.ts\b|file:|node_modules|\/work|\/root|\bat \S+ \(\S+:\d+/, "paths or stacks");
  return error.code;
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The sum over the series of a metric, with labels among them that are given; of a histogram, name its `_count` or `_sum`. */
export function metricOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const series = [...text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, "gm"))];
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return series.filter(([, given = ""]) => wanted.every((label) => given.split(",").includes(label)))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}
