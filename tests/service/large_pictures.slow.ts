/** A large picture does not hold up small requests: they go first in the pauses of its run. */
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { encodeImage } from "../../src/image/encode.ts";
import { createImage } from "../../src/image/image.ts";
import { served } from "./served.ts";
import { post, postJson } from "./support.ts";

const test = suite("large pictures in the service");

/** Milliseconds in which a small request is answered, also on a busy machine. */
const most = 1000;

test("while a picture of 1024² is reconstructed, small requests are answered within a second", async () => {
  await using server = await served(["--model", "emoji-64", "--log", "none"]);
  const png = { "content-type": "image/png" };
  const pictureOf = async (side: number) => {
    const image = createImage({ width: side, height: side });
    image.data.forEach((_, i) => image.data[i] = i * i >> 9);
    return new Uint8Array(await encodeImage(image));
  };
  const small = post(await pictureOf(64), png), large = post(await pictureOf(1024), png);
  const ask = async (path: string, init: RequestInit): Promise<string> => {
    const response = await fetch(server.url + path, init);
    assert.is(response.status, 200, path);
    if (path === "/v1/reconstruct") return (await response.bytes()).toBase64();
    return (await response.json()).data[0].b64_json;
  };
  const requests: readonly [path: string, init: RequestInit][] = [
    ["/v1/reconstruct", small],
    ["/v1/images/generations", postJson({ class_id: 1, seed: 1 })],
  ];
  const expected: string[] = [];
  for (const [path, init] of requests) expected.push(await ask(path, init));

  let isOver = false;
  const whole = ask("/v1/reconstruct", large).finally(() => isOver = true);
  const times: number[][] = [[], []];
  await Promise.all(requests.map(async ([path, init], i) => {
    while (!isOver) {
      const start = performance.now();
      assert.ok(await ask(path, init) === expected[i], `another answer of ${path}`);
      if (!isOver) times[i]!.push(performance.now() - start);
    }
  }));
  await whole;
  console.log(times.map((one) => `${one.length}, ${Math.max(...one).toFixed(0)} ms at most`).join("; "));
  assert.ok(times[0]!.length >= 3, `${times[0]!.length} small pictures were answered meanwhile`);
  assert.ok(Math.max(...times[0]!) < most, `${Math.max(...times[0]!)} ms`);
});

test.run();
