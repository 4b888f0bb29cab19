/** Connections of a server: whose they are, what they send, and what they do not read. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Hono } from "hono";
import { isHost } from "../../src/service/http/host_header.ts";
import { defaultLimits } from "../../src/service/limits.ts";
import { type RunningServer, serve, type ServeOptions } from "../../src/service/serve.ts";
import type { Service } from "../../src/service/service.ts";
import { doubled, listening } from "./support.ts";

const test = suite("connections");
const text = new TextEncoder();

/** Sends a request, and gives all that is answered until the connection ends. */
async function exchange(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ port });
  await connection.write(text.encode(request));
  let answer = "";
  const part = new Uint8Array(65536);
  for (;;) {
    const length = await connection.read(part).catch(() => null);
    if (length === null) return answer;
    answer += new TextDecoder().decode(part.subarray(0, length));
  }
}
const close = "Connection: close\r\n\r\n";

/** A server of an app that is no service of ours. */
async function serving(app: Hono, options: ServeOptions = {}, deadline = 5000): Promise<RunningServer> {
  const service = Object.assign(app, {
    limits: { ...defaultLimits, deadline },
    drain: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  return await serve(service as unknown as Service, { port: 0, ...options });
}

test("names of this machine and addresses are taken as Host, and those that are named", () => {
  for (const host of ["localhost", "LOCALHOST:8080", "a.localhost.", "127.0.0.1:1", "10.0.0.7", "[::1]:80"]) {
    assert.ok(isHost(host, []), host);
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[evil]"]) {
    assert.not(isHost(host, ["images.example"]), host);
  }
  assert.ok(isHost("Images.example:443", ["images.example"]) && isHost("any.example", ["*"]));
});

test("Host: another name 421, two 400, none in HTTP/1.0 200, none in HTTP/1.1 400", async () => {
  await using server = await listening(doubled().service, { hosts: ["images.example"] });
  const ask = (version: string, headers: string) =>
    exchange(server.port, `GET /health HTTP/${version}\r\n${headers}${close}`);
  assert.match(await ask("1.1", "Host: images.example\r\n"), /^HTTP\/1.1 200 /);
  const page = "Host: evil.example\r\nOrigin: http://evil.example\r\n";
  assert.match(await ask("1.1", page), /^HTTP\/1.1 421 [^]*"code":"misdirected_request"/);
  assert.match(await ask("1.1", "Host: localhost\r\nHost: evil.example\r\n"), /^HTTP\/1.1 400 /);
  assert.match(await ask("1.0", ""), /^HTTP\/1.[01] 200 /);
  assert.match(await ask("1.1", ""), /^HTTP\/1.1 400 /);
});

test("pipelined requests are answered one after the other, and not endlessly many are taken", async () => {
  let running = 0, most = 0;
  const app = new Hono().get("/:n", async (c) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running--;
    return c.text(`answer ${c.req.param("n")};`);
  });
  await using server = await serving(app);
  const get = (n: number, last = false) =>
    `GET /${n} HTTP/1.1\r\nHost: localhost\r\n${last ? close : "\r\n"}`;
  const answers = await exchange(server.port, [0, 1, 2, 3, 4].map((n) => get(n, n === 4)).join(""));
  assert.equal(answers.match(/answer \d/g), [0, 1, 2, 3, 4].map((n) => `answer ${n}`));
  assert.is(most, 1);
  const many = await exchange(server.port, Array.from({ length: 100 }, (_, n) => get(n)).join(""));
  assert.ok((many.match(/answer/g) ?? []).length <= 16);
});

test("an answer that nobody reads ends its connection, and one that is read slowly does not", async () => {
  let sent = 0, cancelled = 0;
  const app = new Hono().get("/", (c) =>
    c.body(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(65536));
          if (++sent % 400 === 0) controller.close();
        },
        cancel: () => void cancelled++,
      }),
    ));
  await using server = await serving(app, { stallTimeout: 300 });
  const request = text.encode(`GET / HTTP/1.1\r\nHost: localhost\r\n${close}`);
  using unread = await Deno.connect({ port: server.port });
  await unread.write(request);
  for (let i = 0; i < 400 && cancelled === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.is(cancelled, 1);
  assert.ok(sent < 400, `${sent} parts were made`);

  sent = 0;
  using slow = await Deno.connect({ port: server.port });
  await slow.write(request);
  let bytes = 0;
  const part = new Uint8Array(2 ** 20);
  for (let length = await slow.read(part); length !== null; length = await slow.read(part)) {
    bytes += length;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(bytes > 400 * 65536, `${bytes} bytes`);
});

test("beyond the limit, in all or of an address, the connection that was idle for longest is closed", async () => {
  for (const limit of ["maxConnections", "maxConnectionsPerAddress"]) {
    const app = new Hono().get("/", async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return c.text("whole");
    });
    await using server = await serving(app, { [limit]: 3 });
    const open = () => Deno.connect({ port: server.port });
    const busy = exchange(server.port, `GET / HTTP/1.1\r\nHost: localhost\r\n${close}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    using first = await open();
    await new Promise((resolve) => setTimeout(resolve, 5));
    using second = await open();
    await new Promise((resolve) => setTimeout(resolve, 5));
    using _third = await open();
    const part = new Uint8Array(1);
    assert.is(await first.read(part).catch(() => null), null, "the first idle one is closed");
    await second.write(text.encode(`GET / HTTP/1.1\r\nHost: localhost\r\n${close}`));
    assert.is(await second.read(part), 1);
    assert.match(await busy, /whole/);
  }
});

test("a server that stops lets an answer be read, up to the deadline", async () => {
  const app = new Hono().get("/", (c) => c.body(new Uint8Array(16 * 2 ** 20)));
  for (const [deadline, whole] of [[5000, true], [100, false]] as const) {
    const server = await serving(app, {}, deadline);
    using connection = await Deno.connect({ port: server.port });
    await connection.write(text.encode(`GET / HTTP/1.1\r\nHost: localhost\r\n${close}`));
    const part = new Uint8Array(65536);
    let bytes = await connection.read(part) ?? 0;
    const stopped = server.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (;;) {
      const length = await connection.read(part).catch(() => null);
      if (length === null) break;
      bytes += length;
    }
    await stopped;
    assert.is(bytes > 16 * 2 ** 20, whole, `${bytes} bytes`);
  }
});

test.run();
