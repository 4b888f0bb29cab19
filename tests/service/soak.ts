import type { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/service/serve.ts";
import { createService } from "../../src/service/service.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { createBackend } from "../../src/backend/select.ts";
import { Generator } from "../../src/transformer/generator.ts";
import { post, postJson, ring } from "./support.ts";

/** Mixed requests for a while: clients, seconds, and the growth of the resident set that is let pass. */
export interface Soak {
  readonly clients: number;
  readonly seconds: number;
  readonly maxGrowth: number;
}

const png = { "content-type": "image/png" };

/** Requests that are refused, and how. */
const hostile: readonly [string, RequestInit, number][] = [
  ["/v1/tokenize", post(ring.slice(0, 700), png), 422],
  ["/v1/tokenize", post("", png), 422],
  ["/v1/detokenize", post("{", { "content-type": "application/json" }), 400],
  ["/v1/detokenize", postJson({ grid: [8, 8], tokens: [-1] }), 422],
  ["/v1/tokenize", post("--b\r\n", { "content-type": "multipart/form-data; boundary=b" }), 400],
  ["/v1/images/generations", postJson({ class_id: 99 }), 422],
  ["/v1/images/generations", post("[".repeat(200), { "content-type": "application/json" }), 400],
  ["/..%2f..%2fetc/passwd", {}, 404],
];

/**
 * Adds a test to `test`: clients send pictures, draw and stream, leave in the middle at random, and send hostile
 * requests. Every whole answer must be the library's, and at the end nothing may be left inside.
 */
export function soakTest(test: ReturnType<typeof suite>, { clients, seconds, maxGrowth }: Soak): void {
  test(`${clients} clients for ${seconds} s, with disconnects and hostile requests`, async () => {
    await using backend = await createBackend("auto", { threads: 2 });
    await using tokenizer = await Tokenizer.load("emoji-32", { backend });
    await using generator = await Generator.load("emoji-32", { backend });
    // What is right: the tokens of a picture, and a few drawings with and without guidance.
    const drawings = await Promise.all([0, 1, 2, 3, 4, 5].map(async (seed) => {
      const request = { class_id: seed, seed, guidance: seed % 2 ? 0 : 4 };
      const [picture] = await generator.generate({ classIds: seed, ...request });
      return { request, file: (await encodeImage(picture!.image, { format: "png" })).toBase64() };
    }));
    await using service = createService({
      models: [{ name: "emoji-32", tokenizer, generator }],
      limits: { maxRequests: 2 * clients },
    });
    await using server = await serve(service, { port: 0 });
    const url = `http://127.0.0.1:${server.port}`;
    const counts = { right: 0, refused: 0, left: 0 };

    const step = async (random: () => number): Promise<void> => {
      const dice = random();
      if (dice < 0.1) {
        const [path, init, status] = hostile[Math.floor(random() * hostile.length)]!;
        const response = await fetch(url + path, init);
        await response.bytes();
        assert.is(response.status, status, path);
        counts.refused++;
      } else if (dice < 0.3) {
        const client = new AbortController();
        const { request } = drawings[Math.floor(random() * drawings.length)]!;
        const timer = setTimeout(() => client.abort(), 200 * random());
        try {
          const init = postJson({ ...request, stream: true, partial_images: 4 });
          await (await fetch(`${url}/v1/images/generations`, { ...init, signal: client.signal })).bytes();
        } catch {
          counts.left++;
        } finally {
          clearTimeout(timer);
        }
      } else if (dice < 0.6) {
        const { request, file } = drawings[Math.floor(random() * drawings.length)]!;
        const response = await fetch(`${url}/v1/images/generations`, postJson(request));
        assert.is(response.status, 200);
        assert.is((await response.json()).data[0].b64_json, file);
        counts.right++;
      } else {
        const response = await fetch(`${url}/v1/reconstruct`, post(ring, png));
        assert.equal([response.status, response.headers.get("voken-psnr")], [200, "28.24"]);
        await response.bytes();
        counts.right++;
      }
    };
    const run = async (until: number) =>
      await Promise.all(Array.from({ length: clients }, async (_, client) => {
        const random = generatorOf(client + 1);
        while (performance.now() < until) await step(random);
      }));

    await run(performance.now() + 1000 * Math.min(20, seconds / 3));
    const before = Deno.memoryUsage().rss;
    await run(performance.now() + 1000 * seconds);
    const growth = Deno.memoryUsage().rss - before;
    await service.drain();
    const metrics = await (await service.request("/metrics")).text();
    assert.match(metrics, /^voken:num_requests_running 0$/m);
    assert.match(metrics, /^voken:num_requests_waiting 0$/m);
    assert.not.match(metrics, /status="50[0124]"/);
    assert.ok(Object.values(counts).every((count) => count > 0), JSON.stringify(counts));
    assert.ok(growth < maxGrowth, `the resident set grew by ${(growth / 1e6).toFixed(0)} MB`);
  });
}

/** A small generator of random numbers, so that each client does the same in each run. */
function generatorOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return ((state ^ state >>> 13) >>> 0) / 2 ** 32;
  };
}
