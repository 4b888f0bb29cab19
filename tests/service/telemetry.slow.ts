import { suite } from "uvu";
import * as assert from "uvu/assert";
import { smallModel } from "../support/small_model.ts";
import { served } from "./served.ts";
import { post, ring, until } from "./support.ts";

const test = suite("Deno's OpenTelemetry");

interface Span {
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
}

/** A collector of spans that are sent as JSON. */
function collector() {
  const spans: Span[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const sent = await request.json();
    for (const { scopeSpans = [] } of sent.resourceSpans ?? []) {
      for (const { scope, spans: some } of scopeSpans) {
        for (const span of some) spans.push({ ...span, scope: scope.name });
      }
    }
    return Response.json({});
  });
  return {
    spans,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

test("each request is one tree of spans, in the trace of its client if that has one", async () => {
  await using collected = collector();
  const env = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: collected.url,
    OTEL_BSP_SCHEDULE_DELAY: "100",
  };
  await using server = await served(["--model", smallModel, "--log", "json"], { read: [smallModel], env });
  const traceId = "0af7651916cd43dd8448eb211c80319c", parentId = "b7ad6b7169203331";
  const traced = { "content-type": "image/png", traceparent: `00-${traceId}-${parentId}-01` };
  for (const headers of [traced, { "content-type": "image/png" }]) {
    await (await fetch(`${server.url}/v1/tokenize`, post(ring, headers))).bytes();
  }
  const { code, errors } = await server.end("SIGTERM");
  assert.is(code, 0, errors);
  const ours = () => collected.spans.filter(({ scope }) => scope === "voken");
  await until(() => ours().filter(({ name }) => name === "POST /v1/tokenize").length === 2, "spans arrive");
  const lines = errors.trim().split("\n").map((line) => JSON.parse(line));
  assert.is(lines[0].traceId, traceId);
  for (const [i, root] of [parentId, ""].entries()) {
    const tree = collected.spans.filter((span) => span.traceId === lines[i].traceId);
    const rootsOfTree = tree.filter(({ parentSpanId }) => (parentSpanId ?? "") === root);
    assert.equal(rootsOfTree.map(({ scope }) => scope), ["deno"], "Deno's span is the only root");
    const request = tree.find(({ name }) => name === "POST /v1/tokenize")!;
    assert.is(request.parentSpanId, rootsOfTree[0]!.spanId);
    const phases = tree.filter(({ parentSpanId }) => parentSpanId === request.spanId).map(({ name }) => name);
    assert.equal(phases.toSorted(), ["decode file", "encode", "queue"]);
  }
});

test.run();
