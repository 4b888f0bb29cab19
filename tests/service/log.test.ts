import { reset } from "@logtape/logtape";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configureLog, type LogFormat } from "../../src/cli/serve_log.ts";
import { memoryIo } from "../cli/support.ts";
import { doubled, post, ring } from "./support.ts";

const test = suite("the log");

const circular = new Error("circular", { cause: { of: [1n, Symbol("s"), () => {}] } });
circular.cause = { circular, before: circular.cause };

/** All kinds of what may be thrown. */
const thrown: readonly unknown[] = [
  undefined,
  null,
  0,
  1n,
  Symbol("s"),
  'text\n\u001b[31mwith {lines} and "quotes"\u2028',
  {},
  Object.create(null),
  () => {},
  circular,
  new Error("several\nlines\r\n{route}"),
  new AggregateError([new Error("one"), "two"], "both"),
  new DOMException("stopped", "AbortError"),
];

/** The lines of the log for requests that end with what is thrown. */
async function linesOf(format: LogFormat): Promise<string[]> {
  const io = memoryIo();
  await configureLog(format, io);
  try {
    const { service, double } = doubled();
    await using _end = service;
    for (const reason of thrown) {
      double.gate = () => Promise.reject(reason);
      const headers = { "content-type": "image/png" };
      const response = await service.request("/v1/tokenize", post(ring, headers));
      assert.is(response.status, 500);
      assert.is((await response.json()).error.code, "internal_error");
    }
  } finally {
    await reset();
  }
  return io.written().notes.trimEnd().split("\n");
}

test("has one line of JSON for each request, whatever was thrown", async () => {
  const lines = (await linesOf("json")).map((line) => JSON.parse(line));
  assert.is(lines.length, thrown.length);
  for (const line of lines) {
    assert.equal([line.level, line.status, line.outcome, line.route], [
      "ERROR",
      500,
      "failed",
      "/v1/tokenize",
    ]);
    assert.match(line.requestId, /^[\da-f-]{36}$/);
    assert.match(line.message, /^POST \/v1\/tokenize 500 [\d.]+ ms: /);
    assert.type(line.error.name, "string");
    assert.match(line.error.stack, /\n {4}at /);
  }
  const messages = lines.map(({ error }) => error.message);
  assert.match(messages[0], /expected an Error to be thrown, got nothing/i);
  assert.is(messages.at(-1), "stopped");
});

test("has text that no error can forge lines in", async () => {
  const lines = await linesOf("text");
  assert.is(lines.length, thrown.length, lines.join("\n"));
  for (const line of lines) {
    assert.match(line, /^\S+ \[ERR\] voken·service: POST \/v1\/tokenize 500 [\d.]+ ms: /);
  }
});

test.run();
