/** Attacks on a server in a process of its own: its memory stays bounded, and others are answered meanwhile. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { concat } from "../../src/io/concat.ts";
import { buildPng } from "../image/support.ts";
import { smallModel } from "../support/small_model.ts";
import { type Served, served } from "./served.ts";
import { post, ring } from "./support.ts";

const test = suite("attacks");

/**
 * The resident set of the server in each attack: 230 MB for itself, 268 MB of bodies, and what is not collected yet; and the time in
 * which a small valid request is answered.
 */
const mostMemory = 800e6, mostTime = 1000;
const text = new TextEncoder();
const host = "Host: localhost\r\n";

async function start(...args: string[]): Promise<Served> {
  const server = await served(["--model", smallModel, "--log", "none", ...args], { read: [smallModel] });
  // What is compiled at first is not the attack's.
  await ask(server);
  return server;
}

/** A small valid request; its milliseconds. */
async function ask(server: Served, path = "/v1/reconstruct"): Promise<number> {
  const begin = performance.now();
  const response = await fetch(server.url + path, post(ring, { "content-type": "image/png" }));
  await response.bytes();
  assert.is(response.status, 200);
  return performance.now() - begin;
}

async function resident(server: Served): Promise<number> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(metrics)![1]);
}

/** Opens connections that send `parts` and read nothing. */
async function connections(server: Served, count: number, parts: readonly string[]): Promise<Deno.Conn[]> {
  return await Promise.all(Array.from({ length: count }, async () => {
    const connection = await Deno.connect({ port: server.port });
    for (const part of parts) await connection.write(text.encode(part)).catch(() => {});
    return connection;
  }));
}

/** Checks for some seconds that memory is bounded and that others are answered. */
async function holds(server: Served, seconds: number): Promise<void> {
  let memory = 0, slowest = 0;
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    slowest = Math.max(slowest, await ask(server));
    memory = Math.max(memory, await resident(server));
    await delay(50);
  }
  console.log(`${(memory / 1e6).toFixed(0)} MB, ${slowest.toFixed(0)} ms`);
  assert.ok(memory < mostMemory, `${(memory / 1e6).toFixed(0)} MB`);
  assert.ok(slowest < mostTime, `${slowest.toFixed(0)} ms`);
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function close(all: readonly Deno.Conn[]): void {
  for (const connection of all) {
    try {
      connection.close();
    } catch { /* the server has */ }
  }
}

test("60 connections that withhold the last byte of 16 MiB", async () => {
  await using server = await start();
  const bytes = 16 * 2 ** 20, body = new Uint8Array(bytes - 1);
  const head =
    `POST /v1/tokenize HTTP/1.1\r\n${host}Content-Type: image/png\r\nContent-Length: ${bytes}\r\n\r\n`;
  const open: Deno.Conn[] = [];
  const sending = Promise.all(Array.from({ length: 60 }, async () => {
    const connection = await Deno.connect({ port: server.port });
    open.push(connection);
    try {
      await connection.write(text.encode(head));
      for (let at = 0; at < body.length;) at += await connection.write(body.subarray(at));
    } catch { /* refused */ }
  }));
  await holds(server, 5);
  close(open);
  await sending;
});

test("as many slow bodies as requests are admitted do not shut others out", async () => {
  await using server = await start("--limit", "maxRequests=4");
  const head =
    `POST /v1/tokenize HTTP/1.1\r\n${host}Content-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc`;
  const open = await connections(server, 4, [head]);
  await delay(1200);
  await ask(server);
  close(open);
});

test("60 answers that nobody reads, and 20 connections with 10 pipelined requests each", async () => {
  await using server = await served(["--model", "emoji-64", "--log", "none"]);
  await ask(server);
  const get = `GET /v1/models/emoji-64/files/model.safetensors HTTP/1.1\r\n${host}\r\n`;
  const open = [
    ...await connections(server, 60, [get]),
    ...await connections(server, 20, [get.repeat(10)]),
  ];
  await holds(server, 4);
  close(open);
});

test("pictures that take long to decode do not hold up small ones", async () => {
  await using server = await start("--codec-threads", "2");
  // The pixels are compressed as badly as can be.
  const [width, height] = [768, 768], rows = new Uint8Array((8 * width + 1) * height);
  for (let i = 0; i < rows.length; i++) rows[i] = i % (8 * width + 1) === 0 ? 4 : i * 2654435761 >>> 24;
  await holdsBeside(server, buildPng(rows, { width, height, bitDepth: 16, colorType: 6 }).slice());
});

test("pictures of a million empty chunks do not hold up small ones", async () => {
  await using server = await start("--codec-threads", "2");
  const base = buildPng(new Uint8Array(129 * 16), { width: 16, height: 16, bitDepth: 16, colorType: 6 });
  const chunk = Uint8Array.of(0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54, 0x35, 0xaf, 0x06, 0x1e);
  const chunks = new Array<Uint8Array>(1_300_000).fill(chunk);
  await holdsBeside(server, concat([base.subarray(0, 33), ...chunks, base.subarray(33)]));
});

/** Sends `file` seven times, and checks that others are answered meanwhile. */
async function holdsBeside(server: Served, file: Uint8Array<ArrayBuffer>): Promise<void> {
  const client = new AbortController();
  const sent = Array.from({ length: 7 }, () =>
    fetch(`${server.url}/v1/tokenize`, {
      ...post(file, { "content-type": "image/png" }),
      signal: client.signal,
    }).then((response) => response.bytes()).catch(() => {}));
  await delay(100);
  await holds(server, 3);
  client.abort();
  await Promise.all(sent);
}

test("the body of a GET that drips is not awaited", async () => {
  await using server = await start();
  const [connection] = await connections(server, 1, [
    `GET /health HTTP/1.1\r\n${host}Content-Length: 1000\r\n\r\n`,
  ]);
  const begin = performance.now();
  let isOpen = true;
  const reading = (async () => {
    const part = new Uint8Array(4096);
    while (await connection!.read(part).catch(() => null));
    isOpen = false;
  })();
  while (isOpen && performance.now() - begin < 10_000) {
    await connection!.write(text.encode("x")).catch(() => {});
    await delay(100);
  }
  await reading;
  assert.ok(performance.now() - begin < 5000, `open for ${performance.now() - begin} ms`);
});

test("1,100 idle connections make room for others", async () => {
  await using server = await start();
  const open: Deno.Conn[] = [];
  for (let i = 0; i < 11; i++) open.push(...await connections(server, 100, ["GET / HT"]));
  await holds(server, 1);
  close(open);
});

test.run();
