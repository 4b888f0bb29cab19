import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { psnr } from "../../src/image/metrics.ts";
import { createService } from "../../src/service/service.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { smallModel } from "../support/small_model.ts";
import { doubled, post, postJson, refusal, ring, until } from "./support.ts";

const test = suite("the service");

const png = { "content-type": "image/png" };

test("encoding and decoding match the library in every format", async () => {
  await using tokenizer = await Tokenizer.load(smallModel, { threads: 1 });
  await using service = createService({ models: [{ name: "small", tokenizer }] });
  const original = await decodeImage(ring), expected = await tokenizer.encode(original);
  const again = await tokenizer.decode(expected);
  const form = new FormData();
  form.set("image", new File([ring], "ring.png"));
  form.set("model", "small");
  const requests = {
    raw: post(ring, png),
    form: { method: "POST", body: form },
    json: postJson({ image: ring.toBase64(), model: "small" }),
    dataUrl: postJson({ image: `data:image/png;base64,${ring.toBase64()}` }),
  };
  for (const [name, request] of Object.entries(requests)) {
    const response = await service.request("/v1/tokenize", request);
    assert.equal(await response.json(), {
      model: "small",
      grid: [8, 8],
      codebookSize: 2 ** 18,
      tokens: [...expected.data],
    }, name);
  }

  const packed = await service.request(
    "/v1/tokenize",
    post(ring, { ...png, accept: "application/octet-stream" }),
  );
  assert.is(packed.headers.get("voken-grid"), "8x8");
  assert.is(packed.headers.get("voken-codebook-size"), "262144");
  const bytes = await packed.bytes();
  assert.is(bytes.length, 64 * 18 / 8);
  const answers = [
    await service.request(
      "/v1/detokenize?grid=8x8",
      post(bytes, { "content-type": "application/octet-stream" }),
    ),
    await service.request("/v1/detokenize", postJson({ grid: [8, 8], tokens: [...expected.data] })),
  ];
  for (const response of answers) assert.equal(await decodeImage(await response.bytes()), again);

  const cropped = await service.request(
    "/v1/detokenize",
    postJson({ grid: [8, 8], tokens: [...expected.data], size: { width: 30, height: 31 } }),
  );
  const { width, height } = await decodeImage(await cropped.bytes());
  assert.equal([width, height], [30, 31]);

  const reconstructed = await service.request("/v1/reconstruct", post(ring, png));
  assert.is(reconstructed.headers.get("voken-psnr"), psnr(original, again).toFixed(2));
  assert.equal(await decodeImage(await reconstructed.bytes()), again);
  for (const [accept, type] of [["image/webp,*/*;q=0.1", "image/webp"], ["image/*", "image/png"]]) {
    const response = await service.request("/v1/reconstruct", post(ring, { ...png, accept: accept! }));
    assert.is(response.headers.get("content-type"), type);
  }
  const jpeg = await service.request("/v1/reconstruct?format=jpeg&quality=20", post(ring, png));
  assert.equal([...(await jpeg.bytes()).subarray(0, 2)], [0xff, 0xd8]);
});

test("the API accepts any of several bearer tokens; other endpoints stay open", async () => {
  const { service } = doubled({ auth: { tokens: ["first-0123456789ab", "second-0123456789a"] } });
  await using _end = service;
  for (const path of ["/v1/models", "/metrics"]) {
    for (const authorization of ["", "Bearer", "Bearer third", "Bearer firs", "Basic first", "first"]) {
      const response = await service.request(path, { headers: { authorization } });
      assert.match(response.headers.get("www-authenticate")!, /^Bearer/);
      assert.is(await refusal(response, 401, authorization), "unauthorized");
    }
    for (const token of ["first-0123456789ab", "second-0123456789a"]) {
      const response = await service.request(path, { headers: { authorization: `Bearer ${token}` } });
      assert.is(response.status, 200);
      await response.text();
    }
  }
  await refusal(await service.request("/v1/tokenize", post(ring, png)), 401);
  assert.is((await service.request("/health")).status, 200);
});

test("each token, or address without tokens, has its own rate limit", async () => {
  const { service } = doubled({
    auth: { tokens: ["first-0123456789ab", "second-0123456789a"] },
    rateLimit: 2,
  });
  await using _end = service;
  const ask = (token: string) =>
    service.request("/v1/models", { headers: { authorization: `Bearer ${token}` } });
  assert.equal([(await ask("first-0123456789ab")).status, (await ask("first-0123456789ab")).status], [
    200,
    200,
  ]);
  const third = await ask("first-0123456789ab");
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  assert.is(await refusal(third, 429), "rate_limited");
  assert.is((await ask("second-0123456789a")).status, 200);

  const open = doubled({ rateLimit: 1, trustProxy: true });
  await using _end2 = open.service;
  const from = (address: string) =>
    open.service.request("/v1/models", { headers: { "x-forwarded-for": `1.1.1.1, ${address}` } });
  assert.is((await from("10.0.0.1")).status, 200);
  assert.is((await from("10.0.0.1")).status, 429);
  assert.is((await from("10.0.0.2")).status, 200);
});

test("CORS is off unless an origin is named; headers are strict", async () => {
  const origin = "https://app.example";
  const { service } = doubled();
  await using _end = service;
  const closed = await service.request("/v1/models", { headers: { origin } });
  assert.is(closed.headers.get("access-control-allow-origin"), null);
  assert.is(closed.headers.get("x-content-type-options"), "nosniff");
  assert.match(closed.headers.get("content-security-policy")!, /^default-src 'none'/);

  const { service: open } = doubled({ origins: [origin] });
  await using _end2 = open;
  const request = post(ring, { ...png, origin });
  const allowed = await open.request("/v1/tokenize", request);
  assert.is(allowed.status, 200);
  assert.is(allowed.headers.get("access-control-allow-origin"), origin);
  const other = await open.request("/v1/tokenize", post(ring, { ...png, origin: "https://evil.example" }));
  assert.is(other.headers.get("access-control-allow-origin"), null);
  await refusal(other, 403);
});

test("a request of the service's own page is accepted behind a proxy that terminates TLS", async () => {
  const { service } = doubled();
  await using _end = service;
  const headers = { ...png, host: "voken.example", origin: "https://voken.example" };
  assert.is((await service.request("/v1/tokenize", post(ring, headers))).status, 200);
});

test("a full queue answers 429 with Retry-After, and accepts requests again afterwards", async () => {
  const { service, double } = doubled({ limits: { maxRequests: 3 } });
  await using _end = service;
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const send = () => service.request("/v1/tokenize", post(ring, png));
  const held = [send(), send(), send()];
  await until(() => double.batches.length > 0, "work begins");
  const refused = await send();
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.match((await refused.clone().json()).error.message, /limit maxRequests/);
  assert.is(await refusal(refused, 429), "queue_full");
  gate.resolve();
  for (const response of await Promise.all(held)) assert.is(response.status, 200);
  assert.is((await send()).status, 200);
});

test("a deadline answers 504 and cancels the work", async () => {
  const { service, double } = doubled({ limits: { deadline: 1000 } });
  await using _end = service;
  double.gate = () => new Promise(() => {});
  const response = await service.request("/v1/tokenize", post(ring, png));
  assert.match((await response.clone().json()).error.message, /limit deadline/);
  assert.is(await refusal(response, 504), "deadline_exceeded");
  assert.is(double.aborted, 1);
  double.gate = () => Promise.resolve();
  assert.is((await service.request("/v1/tokenize", post(ring, png))).status, 200);
});

test("draining finishes admitted requests and answers new ones with 503", async () => {
  const { service, double } = doubled();
  await using _end = service;
  const gate = Promise.withResolvers<void>();
  double.gate = () => gate.promise;
  const held = service.request("/v1/tokenize", post(ring, png));
  await until(() => double.batches.length > 0, "work begins");
  let drained = false;
  const draining = service.drain().then(() => drained = true);
  const refused = await service.request("/v1/tokenize", post(ring, png));
  assert.ok(refused.headers.get("retry-after"));
  assert.is(await refusal(refused, 503), "draining");
  assert.is((await service.request("/v2/health/ready")).status, 503);
  assert.is((await service.request("/health")).status, 503);
  assert.is((await service.request("/v2/health/live")).status, 200);
  assert.not(drained);
  gate.resolve();
  assert.is((await held).status, 200);
  await draining;
});

test("a client that disconnects cancels its work and frees its place", async () => {
  const { service, double } = doubled({ limits: { maxRequests: 1 } });
  await using _end = service;
  double.gate = () => new Promise(() => {});
  for (let i = 0; i < 20; i++) {
    const client = new AbortController();
    const response = service.request("/v1/tokenize", { ...post(ring, png), signal: client.signal });
    await until(() => double.batches.length > i, "work begins");
    client.abort();
    await response;
    assert.is(double.aborted, i + 1);
  }
  double.gate = () => Promise.resolve();
  assert.is((await service.request("/v1/tokenize", post(ring, png))).status, 200);
});

test("invalid options of a service are rejected", () => {
  const refused = (make: () => unknown, pattern: RegExp) =>
    assert.throws(make, (error: unknown) => error instanceof ArgumentError && pattern.test(error.message));
  refused(() => createService({ models: [] }), /models: expected a list of at least one/);
  refused(
    () => doubled({ limits: { deadline: 0 } }),
    /limits: deadline: expected a whole number from 1 on, got 0/,
  );
  refused(
    () => doubled({ limits: { dead: 1 } as Record<string, number> }),
    /option dead: expected one of maxBodyBytes/,
  );
});

test("the OpenAPI document describes every path and its errors", async () => {
  const { service } = doubled();
  await using _end = service;
  const document = await (await service.request("/openapi.json")).json();
  assert.is(document.openapi, "3.1.0");
  for (const path of ["tokenize", "detokenize", "reconstruct"]) {
    const { responses, requestBody } = document.paths[`/v1/${path}`].post;
    assert.ok(responses["400"].content["application/json"], path);
    assert.ok(requestBody.content["application/json"].schema.properties, path);
  }
  const generations = document.paths["/v1/images/generations"].post;
  assert.ok(generations.requestBody.content["application/json"].schema.properties.guidance);
  assert.ok(generations.responses["200"].content["text/event-stream"]);
  assert.is(document.components.securitySchemes.bearer.scheme, "bearer");
});

test.run();
