import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { HttpSource } from "../../../src/io/http/http_source.ts";
import { CheckpointError, NetworkError } from "../../../src/tensor/errors.ts";
import { FileServer, noise } from "../../support/file_server.ts";
import { thrown } from "../../support/thrown.ts";

const test = suite("files at addresses");

/** Longer than the windows that are fetched. */
const long = noise(10_000_000);

test("reads of any order give the bytes of the file", async () => {
  await using server = new FileServer();
  for (const noRanges of [false, true]) {
    const url = server.put("/a?key=1", long, { noRanges });
    server.files.set("/a", server.files.get("/a?key=1")!);
    await using source = await HttpSource.open({ url });
    assert.equal([source.name, source.size], [`${server.origin}/a`, long.length]);
    const range = fc.tuple(fc.nat(long.length), fc.nat(6_000_000)).map(([offset, length]) =>
      [offset, Math.min(length, long.length - offset)] as const
    );
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 4 }), async (ranges) => {
        const read = await Promise.all(ranges.map(([offset, length]) => source.read(offset, length)));
        read.forEach((bytes, i) => {
          const [offset, length] = ranges[i]!;
          assert.is(bytes.length, length);
          assert.is(Buffer.compare(bytes, long.subarray(offset, offset + length)), 0);
        });
      }),
      { numRuns: 10 },
    );
    await thrown(CheckpointError, () => source.read(long.length - 1, 2), /a file of 10000000 bytes/);
  }
});

test("reads that are close together are one request", async () => {
  await using server = new FileServer();
  const url = server.put("/a", long);
  await using source = await HttpSource.open({ url });
  await source.read(0, 1000);
  assert.is(server.seen.length, 1);
  for (let i = 0; i < 40; i++) await source.read(5_000_000 + i * 100_000, 100_000);
  assert.equal(server.ranges("/a"), ["bytes=0-262143", "bytes=5000000-9194303"]);
  await source.read(300_000, 9_000_000);
  assert.is(server.ranges("/a")[2], "bytes=300000-9299999");
});

test("a file that is changed between two reads is refused, whatever its version is called", async () => {
  await using server = new FileServer();
  for (const [before, after] of [['"1"', '"2"'], ['W/"1"', 'W/"2"']]) {
    const url = server.put("/a", long, { etag: before });
    await using source = await HttpSource.open({ url });
    server.put("/a", long.slice(1), { etag: after });
    await thrown(NetworkError, () => source.read(5_000_000, 10), /another one in its place/);
    await source.read(0, 10);
  }
});

test("short and empty files are read, and closing ends what is under way", async () => {
  await using server = new FileServer();
  await using short = await HttpSource.open({ url: server.put("/a", noise(5)) });
  assert.equal(await short.read(1, 4), noise(5).slice(1));
  await using empty = await HttpSource.open({ url: server.put("/b", noise(0)) });
  assert.is(empty.size, 0);
  const source = await HttpSource.open({ url: server.put("/c", long) });
  server.put("/c", long, { delay: 300 });
  const reading = source.read(4_000_000, 5_000_000).catch((error) => error);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await source[Symbol.asyncDispose]();
  assert.instance(await reading, NetworkError);
});

test.run();
