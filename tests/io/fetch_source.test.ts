import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ByteSource } from "../../src/io/byte_source.ts";
import { type FetchOptions, type FetchProgress, fetchSource } from "../../src/io/fetch_source.ts";
import { CheckpointError, NetworkError } from "../../src/tensor/errors.ts";
import { scratch } from "../cli/support.ts";
import { digestOf, FileServer, noise, nowhere } from "../support/file_server.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("fetching files");

let folder: ReturnType<typeof scratch>, server: FileServer;
const bytes = noise(100_000), path = ["https", "example.com", "a.ckpt"];

test.before.each(() => {
  folder = scratch();
  server = new FileServer();
  Deno.env.set("VOKEN_CACHE", folder.at("cache"));
  Deno.env.delete("VOKEN_OFFLINE");
});

test.after.each(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function all(source: Promise<ByteSource>): Promise<Uint8Array> {
  await using open = await source;
  return await open.read(0, open.size);
}

test("a file is fetched once, with its progress; the server is asked whether it was changed", async () => {
  const url = server.put("/a", bytes), progress: FetchProgress[] = [];
  const onProgress = (step: FetchProgress) => void progress.push(step);
  assert.equal(await all(fetchSource({ url, path }, { onProgress })), bytes);
  assert.equal(progress[0], { file: "a.ckpt", loaded: 0, total: 100_000 });
  assert.equal(progress.at(-1), { file: "a.ckpt", loaded: 100_000, total: 100_000 });
  const before = progress.length;
  assert.equal(await all(fetchSource({ url, path }, { onProgress })), bytes);
  assert.is(progress.length, before);
  assert.is(server.seen.length, 2);
  server.put("/a", noise(5));
  assert.equal(await all(fetchSource({ url, path })), noise(5));
  assert.is(folder.files().length, 1);
});

test("a file of a known digest is fetched without asking, and checked", async () => {
  const url = server.put("/a", bytes), sha256 = await digestOf(bytes);
  for (let i = 0; i < 2; i++) assert.equal(await all(fetchSource({ url, path, sha256 })), bytes);
  assert.is(server.seen.length, 1);
  server.put("/b", bytes.slice(1));
  const wrong = { url: server.url("/b"), path: ["b"], sha256 };
  await thrown(CheckpointError, () => fetchSource(wrong), /Cannot use b: its SHA-256 digest: expected/);
  await thrown(CheckpointError, () => fetchSource({ ...wrong, size: 99_999 }, { cache: false }), /SHA-256/);
});

test("a digest that a redirect names is checked, too", async () => {
  const to = server.put("/blob", bytes).href;
  const redirect = (digest: string) => ({ redirect: { to, headers: { "x-linked-etag": `"${digest}"` } } });
  const url = server.put("/a", noise(0), redirect(await digestOf(bytes)));
  assert.equal(await all(fetchSource({ url, path })), bytes);
  assert.match(folder.files()[0]!, new RegExp(`@${await digestOf(bytes)}/`));
  const other = server.put("/b", noise(0), redirect(await digestOf(noise(1))));
  await thrown(CheckpointError, () => fetchSource({ url: other, path: ["b"] }), /its SHA-256 digest/);
});

test("a connection that is cut goes on, and a download that failed goes on the next time", async () => {
  const url = server.put("/a", bytes, { cuts: { times: 2, after: 30_000 }, etag: '"1"' });
  assert.equal(await all(fetchSource({ url, path })), bytes);
  assert.equal(server.ranges("/a"), [null, "bytes=30000-", "bytes=60000-"]);

  const b = server.put("/b", bytes, { cuts: { times: 6, after: 0 }, etag: '"1"' });
  server.files.set("/b", { bytes, etag: '"1"', cuts: { times: 1, after: 40_000 }, statuses: [] });
  const stop = new AbortController();
  const failed = fetchSource({ url: b, path: ["b"] }, {
    signal: stop.signal,
    onProgress: ({ loaded }) => loaded > 0 && stop.abort(new Error("stopped")),
  });
  assert.is((await failed.catch((error) => error)).message, "stopped");
  server.put("/b", bytes, { etag: '"1"' });
  assert.equal(await all(fetchSource({ url: b, path: ["b"] })), bytes);
  assert.match(server.ranges("/b").at(-1)!, /^bytes=[1-9]\d*-$/);

  // Another version begins anew.
  const c = server.put("/c", bytes, { etag: '"1"' }), again = new AbortController();
  await fetchSource({ url: c, path: ["c"] }, {
    signal: again.signal,
    onProgress: ({ loaded }) => loaded > 0 && again.abort(new Error("stopped")),
  }).catch(() => {});
  server.put("/c", noise(70_000), { etag: '"2"' });
  assert.equal(await all(fetchSource({ url: c, path: ["c"] })), noise(70_000));
  assert.ok(folder.files().every((file) => !file.endsWith(".part")), folder.files().join());
});

test("offline and without a server, what is in the cache is used", async () => {
  const url = server.put("/a", bytes), sha256 = await digestOf(bytes);
  await all(fetchSource({ url, path }));
  Deno.env.set("VOKEN_OFFLINE", "1");
  assert.equal(await all(fetchSource({ url, path })), bytes);
  assert.is(server.seen.length, 1);
  await thrown(NetworkError, () => fetchSource({ url, path: ["b"] }), /\/a: .*got VOKEN_OFFLINE.*voken pull/);
  await thrown(NetworkError, () => fetchSource({ url, path: ["b"], sha256 }), /VOKEN_OFFLINE/);
  Deno.env.delete("VOKEN_OFFLINE");
  const gone = nowhere("/a");
  assert.equal(await all(fetchSource({ url: gone, path })), bytes);
  await thrown(NetworkError, () => fetchSource({ url: gone, path: ["b"] }), /got .*refused/i);
  await thrown(NetworkError, () => fetchSource({ url: server.url("/none"), path }), /status 404/);
});

test("without a cache only the parts that are read are fetched", async () => {
  const long = noise(1_000_000), url = server.put("/a", long);
  for (const options of [{ cache: false }, {}] as FetchOptions[]) {
    if (options.cache === undefined) Deno.env.set("VOKEN_CACHE", "");
    const home = Deno.env.get("HOME")!;
    Deno.env.delete("HOME");
    await using source = await fetchSource({ url, path }, options);
    Deno.env.set("HOME", home);
    assert.equal(await source.read(999_000, 1000), long.slice(-1000));
    assert.equal(server.ranges("/a").splice(0), ["bytes=0-262143", "bytes=999000-999999"]);
    server.seen.length = 0;
  }
  assert.equal(folder.files(), []);
});

/** A process that fetches `url` and prints the size and name of the file, or the message of the error. */
function fetching(url: URL, ...flags: string[]): Deno.Command {
  const module = new URL("../../src/io/fetch_source.ts", import.meta.url);
  const script = `
    import { fetchSource } from ${JSON.stringify(module)};
    try {
      await using source = await fetchSource({ url: new URL(${JSON.stringify(url)}), path: ["a"] });
      console.log(source.size, source.name);
    } catch (error) {
      console.log(error.message);
    }`;
  Deno.writeTextFileSync(folder.at("script.ts"), script);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--cached-only", ...flags, folder.at("script.ts")],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function elsewhere(url: URL, ...flags: string[]): Promise<string> {
  const { stdout, stderr } = await fetching(url, ...flags).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

test("two processes at once fetch a file once", async () => {
  const url = server.put("/a", bytes, { delay: 300, etag: '"1"' });
  const outputs = await Promise.all([elsewhere(url, "-A"), elsewhere(url, "-A")]);
  for (const output of outputs) assert.match(output, /^100000 .*cache\/a\/@%221%22\/a\n$/);
  // Each asks for the version, and the second one then closes its connection.
  assert.equal(server.ranges("/a"), [null, null]);
  assert.equal(folder.files(), ["cache/a/@%221%22/a", "script.ts"]);
});

test("the download of a process that was killed goes on in the next", async () => {
  const url = server.put("/a", bytes, { delay: 200, etag: '"1"' });
  await using process = fetching(url, "-A").spawn();
  const part = () => folder.files().find((file) => file.endsWith(".part"));
  const sizeOf = (file?: string) => file === undefined ? 0 : Deno.statSync(folder.at(file)).size;
  while (sizeOf(part()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill("SIGKILL");
  await process.output();
  const left = sizeOf(part());
  assert.ok(left > 0 && left < bytes.length);
  // As if the seconds had passed after which nobody is at it any more.
  Deno.utimeSync(folder.at(part()!), 0, 0);
  assert.equal(await all(fetchSource({ url, path: ["a"] })), bytes);
  assert.is(server.ranges("/a").at(-1), `bytes=${left}-`);
  assert.equal(folder.files(), ["cache/a/@%221%22/a", "script.ts"]);
});

test("without permissions nothing is kept, and the one for the network is named", async () => {
  const url = server.put("/a", bytes);
  const read = "--allow-read=" + new URL("../../src", import.meta.url).pathname;
  assert.match(await elsewhere(url, read, `--allow-net=${url.host}`), /^100000 http:/);
  assert.match(
    await elsewhere(url, read, `--allow-net=${url.host}`, "--allow-env=VOKEN_CACHE"),
    /^100000 http:/,
  );
  assert.match(
    await elsewhere(
      url,
      `--allow-net=${url.host}`,
      "--allow-env=VOKEN_CACHE",
      `--allow-read=${folder.path}`,
      `--allow-write=${folder.path}`,
    ),
    /^100000 .*cache\/a\/@/,
  );
  assert.match(await elsewhere(new URL("/b", url), read), /no permission; allow it with --allow-net=127/);
  // The host that lacks is named, also if a redirect leads there.
  await using other = new FileServer();
  const led = server.put("/c", noise(0), { redirect: { to: other.put("/d", bytes).href } });
  const output = await elsewhere(led, read, `--allow-net=${led.host}`);
  assert.match(output, new RegExp(`/d: got no permission; allow it with --allow-net=${other.url("/").host}`));
});

test.run();
