import { ArgumentError } from "../../src/tensor/errors.ts";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve, type ServeOptions } from "../../src/service/serve.ts";
import type { ServiceOptions } from "../../src/service/options.ts";
import { doubled, listening, post, refusal, ring, type TokenizerDouble, until } from "./support.ts";

const test = suite("the server");

const png = { "content-type": "image/png" };
const text = new TextEncoder();

async function running(
  options: ServeOptions = {},
  made: Partial<ServiceOptions> = {},
): Promise<Awaited<ReturnType<typeof listening>> & { readonly double: TokenizerDouble }> {
  const { service, double } = doubled({ codecThreads: 2, ...made });
  return { ...await listening(service, options), double };
}

/** Everything that a connection sends until it is closed or reset. */
async function readAll(connection: Deno.Conn): Promise<string> {
  let answer = "";
  try {
    for await (const part of connection.readable) answer += new TextDecoder().decode(part);
  } catch { /* reset */ }
  return answer;
}

async function checkValid(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/tokenize`, post(ring, png));
  assert.is(response.status, 200, await response.text());
}

test("valid and rejected requests are answered over one connection", async () => {
  await using server = await running({}, { limits: { maxBodyBytes: 100_000 } });
  await checkValid(server.url);
  await refusal(await fetch(`${server.url}/v1/tokenize`, post(new Uint8Array(100_001), png)), 413);
  const chunks = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(10_000));
      controller.close();
    },
  });
  const response = await fetch(`${server.url}/v1/tokenize`, post(chunks, png)).catch(() => undefined);
  // The connection may be closed while the client still sends: then there is no answer to read.
  if (response) await refusal(response, 413);
  await checkValid(server.url);
});

test("endless headers are rejected", async () => {
  await using server = await running();
  const connection = await Deno.connect({ port: server.port });
  const answer = readAll(connection);
  const writer = connection.writable.getWriter();
  await writer.write(text.encode(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(100_000)}`)).catch(
    () => {},
  );
  assert.match(await answer, /^HTTP\/1\.1 431 /);
  await checkValid(server.url);
});

test("invalid HTTP is rejected", async () => {
  await using server = await running();
  for (
    const bytes of [
      "\x16\x03\x01\x02\x00",
      "GET\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    ]
  ) {
    const connection = await Deno.connect({ port: server.port });
    await connection.write(text.encode(bytes));
    await connection.closeWrite();
    assert.match(await readAll(connection), /^(HTTP\/1\.1 400 |$)/);
  }
  await checkValid(server.url);
});

test("a truncated upload leaves no state", async () => {
  await using server = await running({}, { limits: { maxRequests: 1 } });
  for (let i = 0; i < 20; i++) {
    const connection = await Deno.connect({ port: server.port });
    await connection.write(
      text.encode("POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"),
    );
    await connection.write(text.encode("Content-Length: 1000\r\n\r\nabc"));
    connection.close();
  }
  await checkValid(server.url);
});

test("a reset connection cancels the work and frees its place", async () => {
  await using server = await running({}, { limits: { maxRequests: 1 } });
  const { double } = server;
  double.gate = () => new Promise(() => {});
  for (let i = 0; i < 20; i++) {
    const client = new AbortController();
    const gone = fetch(`${server.url}/v1/tokenize`, { ...post(ring, png), signal: client.signal }).catch(
      () => {},
    );
    await until(() => double.batches.length > i, "work begins");
    client.abort();
    await gone;
    await until(() => double.aborted > i, "work is given up");
  }
  double.gate = () => Promise.resolve();
  await checkValid(server.url);
});

test("stopping finishes admitted requests, rejects new ones, and closes", async () => {
  const server = await running();
  const { double, url } = server;
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const taken = Array.from({ length: 5 }, () => fetch(`${url}/v1/tokenize`, post(ring, png)));
  await until(() => double.batches.length > 0, "work begins");
  await new Promise((resolve) => setTimeout(resolve, 100));
  const stopped = server.stop();
  assert.is(await refusal(await fetch(`${url}/v1/tokenize`, post(ring, png)), 503), "draining");
  gate.resolve();
  for (const response of await Promise.all(taken)) {
    assert.is(response.status, 200);
    await response.body?.cancel();
  }
  await stopped;
  assert.is(await fetch(url).catch(() => "closed"), "closed");
  await server[Symbol.asyncDispose]();
});

test("a port in use is an error", async () => {
  await using server = await running();
  const { service } = doubled();
  await using _end = service;
  const error = await serve(service, { port: server.port }).catch((error) => error);
  assert.instance(error, ArgumentError);
  assert.match(error.message, /Cannot serve on port \d+ of 127\.0\.0\.1: .*got a port in use/);
});

test.run();
