import type { suite } from "uvu";
import * as assert from "uvu/assert";
import { filledImage } from "../../src/image/image.ts";
import { noMetrics } from "../../src/service/observe/metrics.ts";
import { RequestError } from "../../src/service/request_error.ts";
import { ImagePool } from "../../src/service/work/image_pool.ts";
import { serve } from "../../src/service/serve.ts";
import { smallModel } from "../support/small_model.ts";
import { served } from "./served.ts";
import { doubled, metricOf, post, postJson, ring } from "./support.ts";

/** How often each test is repeated. */
export interface Endurance {
  /** Sockets that send byte by byte, at once. */
  readonly slow: number;
  /** Clients that reset their connection while an image is generated for them. */
  readonly resets: number;
  /** Image workers that end in each of several ways. */
  readonly deaths: number;
  /** Servers that are stopped under load. */
  readonly stops: number;
}

const png = { "content-type": "image/png" };
const text = new TextEncoder();

/** Adds tests of hostile and unlucky clients. */
export function enduranceTests(test: ReturnType<typeof suite>, times: Endurance): void {
  for (
    const [what, head] of [
      ["headers", "POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nX-Slow: "],
      [
        "bodies",
        "POST /v1/tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n",
      ],
    ] as const
  ) {
    test(`${times.slow} clients that send their ${what} byte by byte get 408 and do not affect others`, async () => {
      const { service } = doubled();
      await using _end = service;
      await using server = await serve(service, { port: 0, headersTimeout: 400, requestTimeout: 600 });
      const slow = Array.from({ length: times.slow }, () => dribble(server.port, head));
      await checkValid(server.port);
      // Some connections are reset before the answer is read, because something was sent meanwhile.
      const answers = (await Promise.all(slow)).filter((answer) => answer !== "");
      for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /);
      assert.ok(answers.length > times.slow / 2, `${answers.length} answers`);
      await checkValid(server.port);
    });
  }

  test(`${times.resets} clients that disconnect during generation free their slots`, async () => {
    await using server = await served(["--model", smallModel, "--log", "none", "--limit", "maxRequests=8"], {
      read: [smallModel],
    });
    const metric = async (name: string) =>
      metricOf(await (await fetch(`${server.url}/metrics`)).text(), name);
    let left = 0;
    await Promise.all(Array.from({ length: 4 }, async () => {
      while (left++ < times.resets) await resetMidStream(server.port);
    }));
    for (let i = 0; i < 300 && await metric("voken:num_requests_running") > 0; i++) await delay(10);
    assert.is(await metric("voken:num_requests_running"), 0);
    assert.is(await metric("voken:num_requests_waiting"), 0);
    // All clients have disconnected, so that no more tokens are generated.
    await delay(50);
    const generated = await metric("voken:generation_tokens_total");
    await delay(200);
    assert.is(await metric("voken:generation_tokens_total"), generated);
    assert.ok(
      generated < 64 * times.resets,
      `${generated} tokens for ${times.resets} images that were given up`,
    );
    await checkValid(server.port);
  });

  test(`${times.deaths} image workers that are terminated fail one request each`, async () => {
    let replaced = 0;
    const metrics = { ...noMetrics, workerReplaced: () => replaced++ };
    await using images = new ImagePool({ size: 1, memory: 64, time: 1, metrics });
    const image = filledImage({ width: 400, height: 400 }, [0, 0, 0]), { signal } = new AbortController();
    for (let i = 0; i < times.deaths; i++) {
      const error = await images.encode(image, { format: "webp", quality: 100, client: "a", signal }).catch((
        error,
      ) => error);
      assert.instance(error, RequestError);
    }
    assert.is(replaced, times.deaths);
  });

  test(`SIGTERM under load ends ${times.stops} servers with code 0 after they finished their requests`, async () => {
    for (let i = 0; i < times.stops; i++) await stopUnderLoad();
  });
}

/** Sends a head, then a byte now and then until the server has enough; gives what it answers. */
async function dribble(port: number, head: string): Promise<string> {
  using connection = await Deno.connect({ port });
  let answer = "", open = true;
  const reading = (async () => {
    const part = new Uint8Array(1024);
    try {
      for (let length = await connection.read(part); length; length = await connection.read(part)) {
        answer += new TextDecoder().decode(part.subarray(0, length));
      }
    } catch { /* reset: what was sent unread makes it one */ }
    open = false;
  })();
  await connection.write(text.encode(head));
  while (open) {
    // Once the server has closed, writing fails while there is something to read yet.
    await connection.write(text.encode("x")).catch(() => {});
    await delay(50);
  }
  await reading;
  return answer;
}

/** Has an image generated, and goes after its first part: a connection closed with something unread is reset. */
async function resetMidStream(port: number): Promise<void> {
  const body = JSON.stringify({ class_id: 1, stream: true, partial_images: 3 });
  const connection = await Deno.connect({ port });
  const head =
    `POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  await connection.write(text.encode(`${head}Content-Length: ${body.length}\r\n\r\n${body}`));
  const first = new Uint8Array(16);
  await connection.read(first);
  connection.close();
  assert.match(new TextDecoder().decode(first), /^HTTP\/1\.1 200/);
}

async function stopUnderLoad(): Promise<void> {
  await using server = await served(["--model", smallModel, "--log", "none"], { read: [smallModel] });
  const statuses: number[] = [], busy = Promise.withResolvers<void>();
  let unanswered = 0, stopping = false;
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (;;) {
      try {
        const response = client % 2
          ? await fetch(`${server.url}/v1/reconstruct`, post(ring, png))
          : await fetch(`${server.url}/v1/images/generations`, postJson({ class_id: client }));
        statuses.push(response.status);
        await response.bytes();
        if (statuses.length > 12) busy.resolve();
      } catch {
        // Requests fail only after the server has stopped.
        assert.ok(stopping);
        unanswered++;
        return;
      }
    }
  });
  await busy.promise;
  stopping = true;
  const { code, errors } = await server.end("SIGTERM");
  await Promise.all(clients);
  assert.is(code, 0, errors);
  assert.is(unanswered, 8);
  assert.equal(statuses.filter((status) => status !== 200 && status !== 503), []);
}

async function checkValid(port: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/tokenize`, post(ring, png));
  assert.is(response.status, 200, await response.text());
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
