import { configure, type LogRecord, reset } from "@logtape/logtape";
import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Generator } from "../../src/transformer/generator.ts";
import { buildPng } from "../image/support.ts";
import { smallModel } from "../support/small_model.ts";
import { createService } from "../../src/service/service.ts";
import { doubled, listening, metricOf, post, postJson, ring, TokenizerDouble, until } from "./support.ts";

const test = suite("the ends of requests");

const png = { "content-type": "image/png" };
/** A picture that is transparent everywhere: all of it is drawn anew, or half of it as a variation. */
const image = buildPng(new Uint8Array((4 * 32 + 1) * 32), { width: 32, height: 32, colorType: 6 }).toBase64();
const generations = "/v1/images/generations";
const drawing = { class_id: 1, seed: 1, top_k: 1 };

const generator = await Generator.load(smallModel, { threads: 1 });
test.after(() => generator[Symbol.asyncDispose]());

const edit = { ...drawing, image };

/** Requests for work, as [path, valid request, invalid request]. */
const work: Readonly<Record<string, readonly [string, RequestInit, RequestInit]>> = {
  tokenize: ["/v1/tokenize", post(ring, png), post(ring.slice(0, 700), png)],
  detokenize: ["/v1/detokenize", postJson({ grid: [8, 8], tokens: new Array(64).fill(5) }), postJson({})],
  reconstruct: ["/v1/reconstruct", post(ring, png), post("", png)],
  edits: ["/v1/images/edits", postJson(edit), postJson({ ...edit, image: "text" })],
  variations: ["/v1/images/variations", postJson({ image, seed: 1 }), postJson({ image, seed: -1 })],
  generations: [generations, postJson(drawing), postJson({ ...drawing, class_id: 99 })],
  stream: [generations, postJson({ ...drawing, stream: true }), postJson({ ...drawing, stream: true, n: 0 })],
};

interface Setting {
  readonly url: string;
  readonly port: number;
  readonly double: TokenizerDouble;
  readonly path: string;
  readonly valid: RequestInit;
  readonly invalid: RequestInit;
  readonly drain: () => void;
}

/** Ways in which a request ends: its status as it is recorded, and what makes it end so. */
const ways: Readonly<Record<string, readonly [number, (setting: Setting) => Promise<void>]>> = {
  "with its answer": [
    200,
    async ({ url, path, valid }) => void await (await fetch(url + path, valid)).bytes(),
  ],
  "refused": [400, async ({ url, path, invalid }) => void await (await fetch(url + path, invalid)).bytes()],
  "by an error": [500, failing(new TypeError("made to fail"))],
  "by a text that is thrown": [500, failing("made to fail")],
  "by nothing that is thrown": [500, failing(undefined)],
  "at the deadline": [504, async ({ url, path, valid, double }) => {
    double.gate = () => new Promise(() => {});
    await (await fetch(url + path, valid)).bytes();
  }],
  "since the client left before its body was sent": [499, async ({ port, path }) => {
    using connection = await Deno.connect({ port });
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 1000`;
    const type = path === "/v1/tokenize" || path === "/v1/reconstruct" ? "image/png" : "application/json";
    await connection.write(new TextEncoder().encode(`${head}\r\nContent-Type: ${type}\r\n\r\n{`));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }],
  "since the client left during the work": [499, async ({ url, path, valid, double }) => {
    double.gate = () => new Promise(() => {});
    const client = new AbortController(), { signal } = client, begun = double.batches.length;
    const gone = fetch(url + path, { ...valid, signal }).then((response) => response.bytes()).catch(() => {});
    await until(() => double.batches.length > begun, "work begins");
    client.abort();
    await gone;
  }],
  "since the service stops": [503, async ({ url, path, valid, drain }) => {
    drain();
    await (await fetch(url + path, valid)).bytes();
  }],
};

function failing(reason: unknown): (setting: Setting) => Promise<void> {
  return async ({ url, path, valid, double }) => {
    double.gate = () => Promise.reject(reason);
    await (await fetch(url + path, valid)).bytes();
  };
}

/** Observes what is recorded of requests. */
async function recorder() {
  const lines: LogRecord[] = [], exporter = new InMemorySpanExporter();
  await configure({
    reset: true,
    sinks: { list: (record) => void lines.push(record) },
    loggers: [
      { category: "voken", lowestLevel: "info", sinks: ["list"] },
      { category: "logtape", sinks: [] },
    ],
  });
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  return {
    lines,
    roots: () => exporter.getFinishedSpans().filter(({ parentSpanContext }) => !parentSpanContext),
    async [Symbol.asyncDispose]() {
      trace.disable();
      await reset();
    },
  };
}

/** The series of a counter that are not zero, as [labels, value]. */
function series(metrics: string, name: string): [Record<string, string>, number][] {
  return [...metrics.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, "gm"))].map(([, labels, value]) => [
    Object.fromEntries([...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
    Number(value),
  ]);
}

/** A file of 64 MB, more than any buffers hold, that ends or breaks. */
function file({ broken }: { broken: boolean }) {
  const part = new Uint8Array(2 ** 20), size = 64 * part.length;
  const stream = () => {
    let sent = 0;
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (sent === size) return controller.close();
        if (broken && sent === size / 2) return controller.error(new Error("the disk is gone"));
        controller.enqueue(part);
        sent += part.length;
      },
    });
  };
  return () => Promise.resolve({ size, stream });
}

test("files and pages: one line, one count and one span for each way to end", async () => {
  await using recorded = await recorder();
  const files = { whole: file({ broken: false }), broken: file({ broken: true }) };
  const double = new TokenizerDouble();
  const service = createService({ models: [{ name: "double", tokenizer: double, files }] });
  await using server = await listening(service);
  const leave = async (path: string) => {
    using connection = await Deno.connect({ port: server.port });
    await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    await connection.read(new Uint8Array(100));
  };
  const whole = "/v1/models/double/files/whole", broken = "/v1/models/double/files/broken";
  const ask = async (path: string, method = "GET") =>
    void await (await fetch(server.url + path, { method })).bytes().catch(() => {});
  const ends: [string, string, number, () => Promise<void>][] = [
    ["/", "served", 200, () => ask("/")],
    ["/openapi.json", "served", 200, () => ask("/openapi.json")],
    ["/v1/models", "served", 200, () => ask("/v1/models", "HEAD")],
    ["unknown", "refused", 405, () => ask("/v1/models", "DELETE")],
    ["unknown", "refused", 404, () => ask("/nothing")],
    ["/v1/models/:name/files/:file", "served", 200, () => ask(whole)],
    ["/v1/models/:name/files/:file", "served", 200, () => ask(whole, "HEAD")],
    ["/v1/models/:name/files/:file", "left", 499, () => leave(whole)],
    ["/v1/models/:name/files/:file", "failed", 500, () => ask(broken)],
  ];
  for (const [i, [route, outcome, status, end]] of ends.entries()) {
    await end();
    await until(() => recorded.lines.length > i, `${route} ${status} is logged`);
    const { properties } = recorded.lines[i]!;
    assert.equal([properties.route, properties.outcome, properties.status], [route, outcome, status]);
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(recorded.lines.length, ends.length);
  assert.is(recorded.roots().length, ends.length);
  const metrics = await (await service.request("/metrics")).text();
  assert.is(metricOf(metrics, "voken:request_total"), ends.length);
});

for (const [way, [status, end]] of Object.entries(ways)) {
  test(`${way}: one line, one count and one span of ${status}, on every route`, async () => {
    for (const [name, [path, valid, invalid]] of Object.entries(work)) {
      await using recorded = await recorder();
      const deadline = status === 504 ? 300 : 60_000;
      const { service, double } = doubled({ generator, limits: { deadline } });
      await using server = await listening(service);
      await end({ ...server, double, path, valid, invalid, drain: () => void service.drain() });
      await until(() => recorded.lines.length > 0, `the end of ${name} is logged`);
      // Nothing more is recorded after that.
      await new Promise((resolve) => setTimeout(resolve, 10));
      const metrics = await (await service.request("/metrics")).text();
      const { lines } = recorded,
        [line, ...others] = lines.filter(({ properties }) => properties.route !== "/metrics");
      assert.equal(others, [], name);
      assert.equal([line!.properties.route, line!.properties.status], [path, status], name);
      assert.is(line!.level, status >= 500 && status !== 503 ? "error" : "info", name);
      const [span, ...otherSpans] = recorded.roots().filter(({ name }) => !name.endsWith("/metrics"));
      assert.equal(otherSpans, [], name);
      assert.is(span!.attributes["http.response.status_code"], status, name);
      assert.is(span!.status.code === 2, line!.level === "error", name);
      assert.is(span!.spanContext().traceId, line!.properties.traceId, name);
      const counted = series(metrics, "voken:request_total").filter(([{ route }]) => route !== "/metrics");
      assert.equal(counted.map(([labels, count]) => [labels.route, labels.status, count]), [[
        path,
        `${status}`,
        1,
      ]], name);
      const times = series(metrics, "voken:e2e_request_latency_seconds_count").filter(([{ route }]) =>
        route !== "/metrics"
      );
      assert.equal(
        times.map(([{ outcome }, count]) => [outcome, count]),
        [[line!.properties.outcome, 1]],
        name,
      );
    }
  });
}

test.run();
