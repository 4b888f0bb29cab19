import { configure, type LogRecord, reset } from "@logtape/logtape";
import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { version } from "../../src/version.ts";
import { doubled, metricOf, post, ring, until } from "./support.ts";

const test = suite("observability");

const png = { "content-type": "image/png" };

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
  for (let i = 0; i < 200 && metricOf(during, "voken:num_requests_waiting") === 0; i++) {
    during = await metrics();
  }
  assert.is(metricOf(during, "voken:num_requests_running"), 1);
  assert.is(metricOf(during, "voken:num_requests_waiting"), 1);
  gate.resolve();
  await Promise.all([first, second]);
  await service.request("/v1/tokenize", post("", png));
  await service.request("/what/the/client/wrote");
  const after = await metrics();
  assert.is(metricOf(after, "voken:num_requests_running"), 0);
  assert.is(metricOf(after, "voken:num_requests_waiting"), 0);
  assert.is(metricOf(after, "voken:encoded_tokens_total"), 128);
  assert.is(metricOf(after, "voken:decoded_tokens_total"), 128);
  assert.is(metricOf(after, "voken:images_total"), 2);
  const total = (method: string, route: string, status: number) =>
    metricOf(after, "voken:request_total", { method, route, status: `${status}` });
  assert.is(total("POST", "/v1/reconstruct", 200), 2);
  assert.is(total("POST", "/v1/tokenize", 400), 1);
  assert.is(total("GET", "unknown", 404), 1);
  // Each waited twice, to be encoded and to be decoded.
  assert.is(metricOf(after, "voken:request_queue_time_seconds_count", { model: "double" }), 4);
  assert.is(metricOf(after, "voken:request_phase_time_seconds_count", { phase: "decode file" }), 2);
  assert.is(
    metricOf(after, "voken:e2e_request_latency_seconds_count", { model: "double", outcome: "served" }),
    2,
  );
  assert.is(metricOf(after, "voken:codec_queue_time_seconds_count"), 2);
  assert.is(metricOf(after, "voken:e2e_request_latency_seconds_count", { outcome: "refused" }), 2);
  assert.is(metricOf(after, "voken:build_info", { version, backend: "double", model: "double" }), 1);
  assert.not.match(after, /what\/the\/client/);
});

test("a request whose body is awaited does not wait for work", async () => {
  const { service } = doubled();
  await using _end = service;
  const body = new TransformStream<Uint8Array<ArrayBuffer>>(), writer = body.writable.getWriter();
  const answer = service.request("/v1/tokenize", post(body.readable, png));
  const gauges = async () => {
    const text = await (await service.request("/metrics")).text();
    return ["receiving", "waiting", "running"].map((name) => metricOf(text, `voken:num_requests_${name}`));
  };
  assert.equal(await gauges(), [1, 0, 0]);
  await writer.write(ring);
  await writer.close();
  assert.is((await answer).status, 200);
  assert.equal(await gauges(), [0, 0, 0]);
});

test("metrics tell the process's time, memory and lag", async () => {
  const { service } = doubled();
  await using _end = service;
  const before = process.cpuUsage();
  // The event loop is blocked for a while, by a thread that works.
  await new Promise((resolve) => setTimeout(resolve, 120));
  for (const end = performance.now() + 200; performance.now() < end;);
  await new Promise((resolve) => setTimeout(resolve, 120));
  const text = await (await service.request("/metrics")).text();
  const started = metricOf(text, "process_start_time_seconds");
  assert.ok(started > Date.now() / 1000 - 600 && started <= Date.now() / 1000, `started at ${started}`);
  assert.ok(metricOf(text, "process_resident_memory_bytes") > 20e6);
  const used = metricOf(text, "process_cpu_seconds_total") - (before.user + before.system) / 1e6;
  assert.ok(used > 0.02 && used < 60, `${used} s`);
  assert.ok(metricOf(text, "voken:event_loop_lag_seconds_count") > 0);
  assert.ok(metricOf(text, "voken:event_loop_lag_seconds_sum") > 0.05, text);
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

const traceId = "0af7651916cd43dd8448eb211c80319c", parentId = "b7ad6b7169203331";
const traceparents: readonly [string, boolean][] = [
  [`00-${traceId}-${parentId}-01`, true],
  [`01-${traceId}-${parentId}-01-later`, true],
  [`00-${traceId}-${parentId}-01-more`, false],
  [`ff-${traceId}-${parentId}-01`, false],
  [`00-${"0".repeat(32)}-${parentId}-01`, false],
  [`00-${traceId}-${parentId}`, false],
  [`00-${traceId.toUpperCase()}-${parentId}-01`, false],
];

for (const withSdk of [false, true]) {
  test(`spans and lines continue the trace of the client, ${withSdk ? "with" : "without"} an SDK`, async () => {
    const exporter = new InMemorySpanExporter(), records: LogRecord[] = [];
    if (withSdk) {
      const spanProcessors = [new SimpleSpanProcessor(exporter)];
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
    }
    await configure({
      reset: true,
      sinks: { list: (record) => void records.push(record) },
      loggers: [{ category: "voken", sinks: ["list"] }, { category: "logtape", sinks: [] }],
    });
    try {
      const { service } = doubled();
      await using _end = service;
      for (const [traceparent, isValid] of traceparents) {
        await service.request("/v1/tokenize", post(ring, { ...png, traceparent, tracestate: "a=1" }));
        const { traceId: logged } = records.pop()!.properties, spans = exporter.getFinishedSpans();
        assert.is(logged === traceId, isValid, traceparent);
        if (!withSdk) continue;
        for (const span of spans) assert.is(span.spanContext().traceId, logged, traceparent);
        const parent = spans.at(-1)!.parentSpanContext;
        assert.equal(
          [parent?.spanId, parent?.traceState?.get("a")],
          isValid ? [parentId, "1"] : [
            undefined,
            undefined,
          ],
        );
        exporter.reset();
      }
    } finally {
      await reset();
      trace.disable();
    }
  });
}

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
    const [line, error, ...others] = records;
    assert.equal(others, []);
    assert.equal([line!.properties.route, line!.properties.status, line!.properties.requestId], [
      "/v1/models",
      200,
      "mine-1",
    ]);
    assert.equal([error!.level, error!.properties.status, error!.properties.model], ["error", 500, "double"]);
    assert.match(String(error!.properties.error), /secret/);
  } finally {
    await reset();
  }
});

test.run();
