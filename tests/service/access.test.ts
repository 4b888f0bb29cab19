/** Who may use the service: tokens, their limits, origins, and methods. */
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { doubled, post, refusal, ring } from "./support.ts";

const test = suite("access");
const first = "first-0123456789ab", second = "second-0123456789a";
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

test("weak and empty tokens are refused at the start, and origins without a scheme", () => {
  for (
    const tokens of [
      [""],
      ["short"],
      ["a".repeat(15)],
      ["with space 0123456789"],
      [first, ""],
      "text",
      () => [1],
    ]
  ) {
    assert.throws(
      () => doubled({ auth: { tokens: tokens as never } }),
      (error: unknown) =>
        error instanceof ArgumentError && /tokens: expected .*at least 16 characters/.test(error.message),
    );
  }
  for (const origin of ["app.example", "https://app.example/", "https://app.example/path", "ftp"]) {
    assert.throws(() => doubled({ origins: [origin] }), /origins: expected .*https:\/\/example.org/);
  }
});

test("tokens may change while the service runs, and /metrics may have its own", async () => {
  let tokens = [first];
  const { service } = doubled({ auth: { tokens: () => tokens, metricsTokens: [second] } });
  await using _end = service;
  const status = async (path: string, token: string) => (await service.request(path, bearer(token))).status;
  assert.equal([await status("/v1/models", first), await status("/v1/models", second)], [200, 401]);
  assert.equal([await status("/metrics", first), await status("/metrics", second)], [401, 200]);
  tokens = ["third-0123456789ab"];
  assert.equal([await status("/v1/models", first), await status("/v1/models", tokens[0]!)], [401, 200]);
});

test("wrong tokens are logged with their address and counted; an address with many is refused", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void records.push(record) },
    loggers: [{ category: "voken", sinks: ["list"] }, { category: "logtape", sinks: [] }],
  });
  try {
    const { service } = doubled({ auth: { tokens: [first] }, trustProxy: true, rateLimit: 5 });
    await using _end = service;
    const ask = async (token: string, address: string) => {
      const headers = { authorization: `Bearer ${token}`, "x-forwarded-for": address };
      return (await service.request("/v1/models", { headers })).status;
    };
    for (let i = 0; i < 5; i++) assert.is(await ask(`guess-${i}`, "10.0.0.1"), 401);
    assert.is(await ask("guess-5", "10.0.0.1"), 429);
    // Who guesses cannot see by the answer that a token was right.
    assert.is(await ask(first, "10.0.0.1"), 429);
    assert.is(await ask(first, "10.0.0.2"), 200);
    const lines = records.filter(({ level }) => level === "warning").map(({ message }) => message.join(""));
    assert.equal(lines, new Array(5).fill("wrong bearer token from 10.0.0.1"));
    // The filter for fail2ban that the documentation shows finds the address.
    const guide = Deno.readTextFileSync(new URL("../../docs/operating.md", import.meta.url));
    const filter = /^failregex = (.+)$/m.exec(guide)![1]!.replace("<HOST>", String.raw`(\S+)`);
    assert.is(new RegExp(filter).exec(lines[0]!)?.[1], "10.0.0.1");
  } finally {
    await reset();
  }
});

test("a method that an address does not have: 405 with Allow; OPTIONS says them", async () => {
  const { service } = doubled({ auth: { tokens: [first] } });
  await using _end = service;
  const other = await service.request("/v1/tokenize", { method: "PUT", ...bearer(first) });
  assert.is(other.headers.get("allow"), "POST, OPTIONS");
  assert.is(await refusal(other, 405), "method_not_allowed");
  const options = await service.request("/v1/models/double", { method: "OPTIONS" });
  assert.equal([options.status, options.headers.get("allow")], [204, "GET, HEAD, OPTIONS"]);
  assert.is((await service.request("/v1/models", { method: "HEAD", ...bearer(first) })).status, 200);
  assert.is(await refusal(await service.request("/v1/a/b", bearer(first)), 404), "not_found");
});

test("pages of other origins may read the headers; HSTS is left to the proxy", async () => {
  const origin = "https://app.example", { service } = doubled({ origins: [origin] });
  await using _end = service;
  const response = await service.request("/v1/tokenize", post(ring, { "content-type": "image/png", origin }));
  assert.match(response.headers.get("access-control-expose-headers")!, /voken-grid.*x-request-id/i);
  assert.is(response.headers.get("strict-transport-security"), null);
});

test("files of a model are cached, and not sent again", async () => {
  const { service } = doubled();
  await using _end = service;
  const bytes = new Uint8Array(200_000).fill(7);
  const { tokenizer } = { tokenizer: doubled().double };
  const { service: withFiles } = doubled({
    models: [{
      name: "double",
      tokenizer,
      files: { "model.safetensors": () => Promise.resolve(new Blob([bytes])) },
    }],
  });
  await using _end2 = withFiles;
  const model = "/v1/models/double/files/model.safetensors", whole = await withFiles.request(model);
  assert.equal([whole.headers.get("content-length"), await whole.bytes()], ["200000", bytes]);
  const etag = whole.headers.get("etag")!;
  const again = await withFiles.request(model, { headers: { "if-none-match": etag } });
  assert.equal([again.status, (await again.bytes()).length, again.headers.get("etag")], [304, 0, etag]);
  // Proxies that compress make tags weak.
  for (
    const [path, tag] of [[model, etag], ["/", (await withFiles.request("/")).headers.get("etag")!]] as const
  ) {
    const statuses = [`W/${tag}`, `"x", ${tag}`, "*", '"x"', `W/"x"`].map(async (tags) =>
      (await withFiles.request(path, { headers: { "if-none-match": tags } })).status
    );
    assert.equal(await Promise.all(statuses), [304, 304, 304, 200, 200], path);
  }
});

test.run();
