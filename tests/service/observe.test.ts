import { configure, type LogRecord, reset } from "@logtape/logtape";
import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { doubled, post, ring, until } from "./support.ts";

const test = suite("observability");

const png = { "content-type": "image/png" };

/** The value of a metric by its name and labels. */
function metric(text: string, name: string): number {
  const line = text.split("\n").find((line) => line.startsWith(`${name} `));
  assert.ok(line, `${name} in\n${text}`);
  return Number(line.split(" ").at(-1));
}

test("metrics count requests, tokens, batches, and running and waiting requests", async () => {
  const { service, double } = doubled();
  await using _end = service;
  const metrics = async () => await (await service.request("/metrics")).text();
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const first = service.request("/v1/reconstruct", post(ring, png));
  await until(() => double.batches.length > 0, "work begins");
  const second = service.request("/v1/reconstruct", post(ring, png));
  let during = await metrics();
  for (let i = 0; i < 200 && metric(during, "voken:num_requests_waiting") === 0; i++) {
    during = await metrics();
  }
  assert.is(metric(during, "voken:num_requests_running"), 1);
  assert.is(metric(during, "voken:num_requests_waiting"), 1);
  gate.resolve();
  await Promise.all([first, second]);
  await service.request("/v1/tokenize", post("", png));
  await service.request("/what/the/client/wrote");
  const after = await metrics();
  assert.is(metric(after, "voken:num_requests_running"), 0);
  assert.is(metric(after, "voken:num_requests_waiting"), 0);
  assert.is(metric(after, 'voken:encoded_tokens_total{model="double"}'), 128);
  assert.is(metric(after, 'voken:decoded_tokens_total{model="double"}'), 128);
  assert.is(metric(after, 'voken:images_total{model="double"}'), 2);
  const total = (method: string, route: string, status: number) =>
    metric(after, `voken:request_total{method="${method}",route="${route}",status="${status}"}`);
  assert.is(total("POST", "/v1/reconstruct", 200), 2);
  assert.is(total("POST", "/v1/tokenize", 400), 1);
  assert.is(total("GET", "unknown", 404), 1);
  assert.is(metric(after, "voken:request_queue_time_seconds_count"), 2);
  assert.not.match(after, /what\/the\/client/);
});

test("a request is a span with a child span for each phase", async () => {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  try {
    const { service } = doubled();
    await using _end = service;
    const response = await service.request("/v1/reconstruct", post(ring, png));
    const spans = exporter.getFinishedSpans();
    assert.equal(spans.map(({ name }) => name), [
      "decode file",
      "queue",
      "encode",
      "queue",
      "decode",
      "encode file",
      "POST /v1/reconstruct",
    ]);
    const root = spans.at(-1)!;
    assert.is(root.attributes["http.response.status_code"], 200);
    assert.is(root.attributes["voken.request_id"], response.headers.get("x-request-id"));
    for (const span of spans.slice(0, -1)) {
      assert.is(span.parentSpanContext!.spanId, root.spanContext().spanId, span.name);
    }
  } finally {
    trace.disable();
  }
});

test("each request is logged, and details of failures are logged but not sent", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void records.push(record) },
    loggers: [{ category: "voken", lowestLevel: "info", sinks: ["list"] }, {
      category: "logtape",
      sinks: [],
    }],
  });
  try {
    const { service, double } = doubled();
    await using _end = service;
    await service.request("/v1/models", { headers: { "x-request-id": "mine-1" } });
    double.gate = () => Promise.reject(new TypeError("secret at /root/secret.ts"));
    const failed = await service.request("/v1/tokenize", post(ring, png));
    assert.is(failed.status, 500);
    assert.not.match(await failed.text(), /secret/);
    const [line, error] = records;
    assert.equal([line!.properties.route, line!.properties.status, line!.properties.requestId], [
      "/v1/models",
      200,
      "mine-1",
    ]);
    assert.is(records.length, 2);
    assert.is(error!.level, "error");
    assert.match(String(error!.properties.error), /secret/);
  } finally {
    await reset();
  }
});

test.run();
