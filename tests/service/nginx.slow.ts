import { suite } from "uvu";
import * as assert from "uvu/assert";
import { skipIf } from "../support/skip.ts";
import { smallModel } from "../support/small_model.ts";
import { nginx, noNginx } from "./nginx.ts";
import { served } from "./served.ts";
import { post, postJson, ring } from "./support.ts";

const all = suite("docs/deploy/nginx.conf"), test = skipIf(noNginx, all);

/** A replica behind nginx with the limits of the documentation. */
async function proxied() {
  await using stack = new AsyncDisposableStack();
  const args = ["--model", smallModel, "--log", "json", "--trust-proxy"];
  const server = stack.use(await served(args, { read: [smallModel] }));
  const { url, plain, client } = stack.use(await nginx([server.port, server.port], { limited: true }));
  const owned = stack.move();
  return {
    server,
    plain,
    fetch: (path: string, init: RequestInit = {}) => fetch(url + path, { ...init, client } as RequestInit),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("serves over TLS alone, keeps metrics to itself, and limits bodies", async () => {
  await using proxy = await proxied();
  const page = await proxy.fetch("/");
  assert.match(await page.text(), /<!doctype html>/i);
  assert.match(page.headers.get("strict-transport-security")!, /max-age=\d{7}/);
  const plain = await fetch(`${proxy.plain}/docs`, { redirect: "manual", headers: { host: "localhost" } });
  await plain.body?.cancel();
  assert.is(plain.status, 301);
  assert.match(plain.headers.get("location")!, /^https:\/\/[^/]+\/docs$/);
  for (
    const [path, init, status] of [
      ["/metrics", {}, 404],
      ["/v1/tokenize", post(new Uint8Array(17 * 2 ** 20), { "content-type": "image/png" }), 413],
      ["/v1/tokenize", post(new Uint8Array(15 * 2 ** 20), { "content-type": "image/png" }), 415],
      ["/v1/tokenize", post(ring, { "content-type": "image/png", origin: "https://localhost" }), 200],
      ["/v1/tokenize", post(ring, { "content-type": "image/png", origin: "https://evil.example" }), 403],
    ] as const
  ) {
    const response = await proxy.fetch(path, init);
    await response.body?.cancel();
    assert.is(response.status, status, path);
  }
});

test("passes streams on as they come, and the client's address, which clients cannot forge", async () => {
  await using proxy = await proxied();
  const body = { class_id: 1, seed: 1, n: 8, stream: true, partial_images: 3 };
  const headers = { "x-forwarded-for": "6.6.6.6" };
  const response = await proxy.fetch("/v1/images/generations", postJson(body, headers));
  let parts = 0;
  for await (const _ of response.body!) parts++;
  assert.ok(parts > 8, `${parts} parts`);
  const { errors } = await proxy.server.end("SIGTERM");
  const line = JSON.parse(errors.trim());
  assert.equal([line.client, line.status, line.outcome], ["127.0.0.1", 200, "served"]);
  assert.is(line.requestId, response.headers.get("x-request-id"));
});

test("answers an address that asks too often with 429", async () => {
  await using proxy = await proxied();
  const statuses = await Promise.all(Array.from({ length: 200 }, async () => {
    const response = await proxy.fetch("/health");
    await response.body?.cancel();
    return response.status;
  }));
  const count = (status: number) => statuses.filter((other) => other === status).length;
  assert.is(count(200) + count(429), 200);
  assert.ok(count(200) >= 20 && count(429) > 50, `${count(200)} answers of 200, ${count(429)} of 429`);
});

all.run();
