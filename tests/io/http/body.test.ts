import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gather, openBody, readBody } from "../../../src/io/http/body.ts";
import { NetworkError } from "../../../src/tensor/errors.ts";
import { FileServer, noise, nowhere } from "../../support/file_server.ts";
import { thrown } from "../../support/thrown.ts";

const test = suite("fetching bytes");

async function fetchRange(url: URL, start: number, end?: number): Promise<Uint8Array> {
  const body = await openBody({ url }, { start, end });
  return await gather(readBody({ url }, { start, end, body }));
}

test("any range comes whole, however often the connection is cut, with and without ranges", async () => {
  await using server = new FileServer();
  const bytes = noise(2000);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        start: fc.nat(1999),
        length: fc.integer({ min: 1, max: 2000 }),
        after: fc.integer({ min: 1, max: 900 }),
        times: fc.nat(3),
        noRanges: fc.boolean(),
      }),
      async ({ start, length, after, times, noRanges }) => {
        const url = server.put("/a", bytes, { cuts: { times, after }, noRanges });
        const end = Math.min(start + length, bytes.length);
        assert.equal(await fetchRange(url, start, end), bytes.slice(start, end));
      },
    ),
    { numRuns: 15 },
  );
});

test("a download goes on where it was cut, from the same version", async () => {
  await using server = new FileServer();
  const bytes = noise(1000), url = server.put("/a", bytes, { etag: '"v1"', cuts: { times: 2, after: 300 } });
  assert.equal(await fetchRange(url, 0), bytes);
  assert.equal(server.ranges("/a"), [null, "bytes=300-", "bytes=600-"]);
  assert.equal(server.seen.map(({ ifRange }) => ifRange), [null, '"v1"', '"v1"']);
});

test("a file that is changed meanwhile is refused, and one without a version does not go on", async () => {
  await using server = new FileServer();
  const cuts = { times: 1, after: 300 };
  const url = server.put("/a", noise(1000), { cuts });
  const body = await openBody({ url });
  const reading = gather(readBody({ url }, { start: 0, body }));
  server.put("/a", noise(1000, 2));
  await thrown(NetworkError, () => reading, /first bytes were fetched, got another one in its place/);
  const unnamed = server.put("/b", noise(1000), { cuts: { ...cuts, times: 1 }, etag: null });
  await thrown(NetworkError, () => fetchRange(unnamed, 0), /Cannot fetch http:.*\/b: got/);
  const weak = server.put("/c", noise(1000), { cuts: { ...cuts, times: 1 }, etag: 'W/"1"' });
  await thrown(NetworkError, () => fetchRange(weak, 0));
});

test("a connection that is cut again and again is given up", async () => {
  await using server = new FileServer();
  const url = server.put("/a", noise(1000), { cuts: { times: 99, after: 0 } });
  await thrown(NetworkError, () => fetchRange(url, 0), /try again/);
  assert.is(server.seen.length, 6);
});

test("servers that say later are asked again, those that say no are not", async () => {
  await using server = new FileServer();
  const url = server.put("/a", noise(10), { statuses: [503, 429] });
  assert.equal(await fetchRange(url, 0), noise(10));
  assert.is(server.seen.length, 3);
  const error = await thrown(NetworkError, () => openBody({ url: server.url("/none") }), /got status 404/);
  assert.is((error as NetworkError).status, 404);
  assert.is(server.seen.length, 4);
  server.put("/page", noise(10), { type: "text/html; charset=utf-8" });
  await thrown(NetworkError, () => openBody({ url: server.url("/page") }), /got a web page/);
});

test("a token stays with its host, and redirects lead to http alone", async () => {
  await using server = new FileServer();
  await using other = new FileServer();
  other.put("/b", noise(10));
  const redirect = (to: string) => ({ redirect: { to, headers: { "x-linked-etag": '"x"' } } });
  const url = server.put("/a", noise(0), redirect(other.url("/b").href));
  server.put("/here", noise(0), redirect("/a"));
  const { answer } = await openBody({ url: server.url("/here"), token: "secret" });
  assert.equal(new Uint8Array(await answer.response.arrayBuffer()), noise(10));
  assert.equal(answer.redirects.map((headers) => headers.get("x-linked-etag")), ['"x"', '"x"']);
  assert.equal(server.seen.map(({ authorization }) => authorization), ["Bearer secret", "Bearer secret"]);
  assert.equal(other.seen.map(({ authorization }) => authorization), [null]);
  for (const to of ["file:///etc/passwd", "data:,x", "/loop"]) {
    server.put("/loop", noise(0), redirect(to));
    await thrown(
      NetworkError,
      () => openBody({ url: server.url("/loop") }),
      /one to (file|data):|10 redirects/,
    );
  }
  assert.ok(url);
});

test("a signal ends a download with its reason, and a server that is not there is named", async () => {
  await using server = new FileServer();
  const url = server.put("/a", noise(1000), { delay: 200 });
  const stop = new AbortController(), reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 100);
  const { signal } = stop;
  const fetching = (async () => {
    const body = await openBody({ url }, { signal });
    return await gather(readBody({ url }, { start: 0, body, signal }));
  })();
  assert.is(await fetching.catch((error) => error), reason);
  const error = await thrown(
    NetworkError,
    () => openBody({ url: nowhere("/a?key=secret") }),
    /127\.0\.0\.1:\d+\/a: got .*refused.*check the network/i,
  );
  assert.not.match(error.message, /secret/);
});

test.run();
