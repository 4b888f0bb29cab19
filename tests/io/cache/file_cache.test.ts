import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ByteSource } from "../../../src/io/byte_source.ts";
import type { Content } from "../../../src/io/cache/cache.ts";
import { FileCache } from "../../../src/io/cache/file_cache.ts";
import { fileNameOf, pathOfUrl, textOf } from "../../../src/io/cache/names.ts";
import { CheckpointError, FileError } from "../../../src/tensor/errors.ts";
import { scratch } from "../../cli/support.ts";
import { digestOf, noise } from "../../support/file_server.ts";
import { thrown } from "../../support/thrown.ts";

const test = suite("cache in a folder");

const bytes = noise(1000), path = ["https", "example.com", "a.ckpt"];

/** Content that comes in pieces and notes where it was begun; `until` is where it breaks off. */
function content(
  { data = bytes, until = Infinity, ...options }:
    & { data?: Uint8Array<ArrayBuffer>; until?: number }
    & Partial<Content> = {},
): Content & { starts: number[]; loaded: number[] } {
  const starts: number[] = [], loaded: number[] = [];
  return {
    starts,
    loaded,
    size: data.length,
    resumable: true,
    async *from(start) {
      starts.push(start);
      for (let at = start; at < data.length; at += 100) {
        await Promise.resolve();
        if (at >= until) throw new Error("cut");
        yield data.slice(at, Math.min(at + 100, data.length));
      }
    },
    onBytes: (count) => void loaded.push(count),
    ...options,
  };
}

async function all(source: ByteSource | undefined): Promise<Uint8Array> {
  await using open = source!;
  return await open.read(0, open.size);
}

test("any text is the name of a file, and comes back", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 60 }), (text) => {
    const name = fileNameOf(text);
    assert.match(name, /^[\w.%+-]{1,200}$/);
    assert.not.match(name, /\.$/);
    if (name.length < 200) assert.is(textOf(name), text.toWellFormed());
  }));
  const [one, other] = ["1", "2"].map((end) => fileNameOf("?".repeat(300) + end));
  assert.equal([one!.length, other!.length, one === other], [200, 200, false]);
  const url = new URL("http://h:80/a/%2e%2e/b%2Fc/..%2f.../x?y=1");
  assert.equal(pathOfUrl(url), ["http", "h", "b/c", "../...", "x", "?y=1"]);
  assert.equal(pathOfUrl(url).map(fileNameOf).slice(2), ["b%2Fc", "..%2F..%2E", "x", "%3Fy%3D1"]);
  assert.equal(["..", ".", "@1"].map(fileNameOf), ["%2E%2E", "%2E", "%401"]);
});

test("what is stored is found by version, newest first, listed and removed", async () => {
  using folder = scratch();
  const cache = new FileCache(folder.at("cache"));
  assert.is(await cache.open(path), undefined);
  assert.equal(await cache.list(), []);
  assert.equal(await all(await cache.store(path, '"v1"', content())), bytes);
  assert.equal(await all(await cache.open(path, '"v1"')), bytes);
  assert.equal(await all(await cache.open(path)), bytes);
  assert.is(await cache.open(path, "v2"), undefined);
  await cache.store(["shipped", "x"], "1", content({ data: noise(5) }));
  const entries = await cache.list();
  assert.equal(entries.map(({ path, version, size }) => [path, version, size]), [
    [path, '"v1"', 1000],
    [["shipped", "x"], "1", 5],
  ]);
  assert.ok(Math.abs(+entries[0]!.date - Date.now()) < 60_000);
  assert.equal(Deno.readFileSync(entries[0]!.place), bytes);
  assert.is((await cache.list(["https"])).length, 1);
  await cache.remove(entries[0]!);
  assert.equal(folder.files(), ["cache/shipped/x/@1/x"]);
  await cache.remove(entries[1]!);
  assert.equal(folder.files(), []);
});

test("a new version takes the place of the old one, which may still be read", async () => {
  using folder = scratch();
  const cache = new FileCache(folder.path), newer = noise(500, 2);
  await using old = (await cache.store(path, "1", content()))!;
  assert.equal(await all(await cache.store(path, "2", content({ data: newer }))), newer);
  assert.equal(await old.read(0, 1000), bytes);
  assert.equal(folder.files(), ["https/example.com/a.ckpt/@2/a.ckpt"]);
});

test("a download that was cut goes on where it was, if its version never changes", async () => {
  using folder = scratch();
  const cache = new FileCache(folder.path), sha256 = await digestOf(bytes);
  const cut = await cache.store(path, sha256, content({ until: 400, sha256 })).catch((error) => error);
  assert.is(cut.message, "cut");
  assert.match(folder.files().join(), /^https\/example.com\/a.ckpt\/@[0-9a-f]{64}~[0-9a-z-]+\.part$/);
  const [part, ...others] = await cache.list();
  assert.equal([part!.path, part!.size, part!.isPart, others], [path, 400, true, []]);
  assert.is(await cache.open(path), undefined);
  const rest = content({ sha256 });
  assert.equal(await all(await cache.store(path, sha256, rest)), bytes);
  assert.equal([rest.starts, rest.loaded[0], rest.loaded.at(-1)], [[400], 400, 1000]);

  const other = ["https", "b"];
  await cache.store(other, "1", content({ until: 400, resumable: false })).catch(() => {});
  const again = content({ resumable: false });
  assert.equal(await all(await cache.store(other, "1", again)), bytes);
  assert.equal(again.starts, [0]);
});

test("bytes of another digest are not kept; those that an earlier process left are fetched anew", async () => {
  using folder = scratch();
  const cache = new FileCache(folder.path), sha256 = await digestOf(bytes);
  const wrong = content({ data: noise(1000, 2), sha256 });
  await thrown(
    CheckpointError,
    () => cache.store(path, sha256, wrong),
    /a\.ckpt: its SHA-256 digest: expected/,
  );
  assert.equal(folder.files(), []);
  await cache.store(path, sha256, content({ data: noise(1000, 2), sha256, until: 500 })).catch(() => {});
  const right = content({ sha256 });
  assert.equal(await all(await cache.store(path, sha256, right)), bytes);
  assert.equal(right.starts, [500, 0]);
});

test("several at once fetch once", async () => {
  using folder = scratch();
  const contents = Array.from({ length: 5 }, () => content());
  const stored = await Promise.all(
    contents.map(async (content) => await all(await new FileCache(folder.path).store(path, "1", content))),
  );
  for (const data of stored) assert.equal(data, bytes);
  assert.equal(contents.flatMap(({ starts }) => starts), [0]);
  assert.equal(folder.files(), ["https/example.com/a.ckpt/@1/a.ckpt"]);
});

test("who waits for another takes over when that one gives up", async () => {
  using folder = scratch();
  const begun = Promise.withResolvers<void>(), end = Promise.withResolvers<void>();
  const failing = content();
  const first = new FileCache(folder.path).store(path, "1", {
    ...failing,
    async *from() {
      yield bytes.slice(0, 300);
      begun.resolve();
      await end.promise;
      throw new Error("cut");
    },
  }).catch((error) => error);
  await begun.promise;
  const second = content();
  const stored = new FileCache(folder.path).store(path, "1", second);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal([second.starts, second.loaded.at(-1)], [[], 300]);
  end.resolve();
  assert.equal(await all(await stored), bytes);
  assert.equal(second.starts, [300]);
  assert.is((await first).message, "cut");
});

test("a part whose owner is only slow may be finished by two", async () => {
  using folder = scratch();
  const slow = Promise.withResolvers<void>();
  const first = new FileCache(folder.path).store(path, "1", {
    ...content(),
    async *from() {
      yield bytes.slice(0, 300);
      await slow.promise;
      yield bytes.slice(300);
    },
  });
  for (;;) {
    const [part] = folder.files();
    if (part && Deno.statSync(folder.at(part)).size === 300) {
      Deno.utimeSync(folder.at(part), 0, 0);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const second = content();
  assert.equal(await all(await new FileCache(folder.path).store(path, "1", second)), bytes);
  assert.equal(second.starts, [300]);
  slow.resolve();
  assert.equal(await all(await first), bytes);
  assert.equal(folder.files(), ["https/example.com/a.ckpt/@1/a.ckpt"]);
});

test("a signal ends waiting, and a disk that takes nothing is an error", async () => {
  using folder = scratch();
  const cache = new FileCache(folder.path);
  const stop = new AbortController(), reason = new Error("enough");
  const waiting = {
    ...content(),
    from: () =>
      (async function* () {
        yield bytes.slice(0, 10);
        await new Promise((resolve) => setTimeout(resolve, 400));
        throw new Error("cut");
      })(),
  };
  const first = cache.store(path, "1", waiting).catch((error) => error);
  await new Promise((resolve) => setTimeout(resolve, 50));
  setTimeout(() => stop.abort(reason), 50);
  assert.is(await cache.store(path, "1", content({ signal: stop.signal })).catch((error) => error), reason);
  assert.is((await first).message, "cut");

  Deno.writeTextFileSync(folder.at("file"), "");
  await thrown(FileError, () => new FileCache(folder.at("file")).store(path, "1", content()), /VOKEN_CACHE/);
  if (Deno.build.os === "linux") {
    await thrown(FileError, () => new FileCache("/dev/full").store(path, "1", content()), /VOKEN_CACHE/);
  }
});

test.run();
