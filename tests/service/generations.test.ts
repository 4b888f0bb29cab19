import OpenAI from "openai";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import type { Image } from "../../src/image/image.ts";
import { serve } from "../../src/service/serve.ts";
import { createService } from "../../src/service/service.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import type { GenerateOptions } from "../../src/transformer/request.ts";
import { smallModel } from "../support/small_model.ts";
import { doubled, metricOf, postJson, refusal } from "./support.ts";

const test = suite("generations");

const tokenizer = await Tokenizer.load(smallModel, { threads: 2 });
const generator = await Generator.load(smallModel, { threads: 2 });
const service = createService({
  models: [{ name: "small", tokenizer, generator }],
  auth: { tokens: ["sk-a-0123456789abc", "sk-b-0123456789abc"] },
});
const server = await serve(service, { port: 0 });
const openai = new OpenAI({
  apiKey: "sk-a-0123456789abc",
  baseURL: `http://127.0.0.1:${server.port}/v1`,
  maxRetries: 0,
});
test.after(async () => {
  await server.stop();
  await service[Symbol.asyncDispose]();
  await generator[Symbol.asyncDispose]();
  await tokenizer[Symbol.asyncDispose]();
});

const path = "/v1/images/generations";
const bearer = { authorization: "Bearer sk-b-0123456789abc" };

/** What the library generates. */
async function expected(options: GenerateOptions): Promise<Image[]> {
  return (await generator.generate(options)).map(({ image }) => image);
}

async function images(data: readonly { b64_json?: string | null }[]): Promise<Image[]> {
  return await Promise.all(data.map(({ b64_json }) => decodeImage(Uint8Array.fromBase64(b64_json!))));
}

test("OpenAI's own client lists models and generates the library's images", async () => {
  const [model] = (await openai.models.list()).data;
  assert.is(model!.id, "small");
  const answer = await openai.images.generate({
    model: "small",
    prompt: "Food & Drink",
    n: 2,
    size: "auto",
    response_format: "b64_json",
    user: "somebody",
    // Fields of ours, which the client passes on.
    ...{ seed: 7, guidance: 3, temperature: 0.9, top_k: 500, top_p: 0.95, candidates: 3 },
  });
  const options = {
    classIds: 3,
    n: 2,
    seed: 7,
    guidance: 3,
    temperature: 0.9,
    topK: 500,
    topP: 0.95,
    candidates: 3,
  };
  assert.equal(await images(answer.data!), await expected(options));
  assert.equal([answer.size, answer.usage!.output_tokens], ["32x32", 3 * 128]);
});

test("a stream counts as answered when its last image was sent", async () => {
  const answered = async () => {
    const metrics = await (await service.request("/metrics", { headers: bearer })).text();
    return metricOf(metrics, "voken:request_total", { route: path, status: "200" });
  };
  const before = await answered();
  const response = await service.request(path, postJson({ class_id: 1, n: 4, stream: true }, bearer));
  assert.equal([response.status, await answered()], [200, before]);
  await response.text();
  assert.is(await answered(), before + 1);
});

test("OpenAI's own client streams images as they appear", async () => {
  const stream = await openai.images.generate({
    prompt: "2",
    stream: true,
    partial_images: 3,
    output_format: "webp",
    output_compression: 100,
    ...{ seed: 11 },
  });
  const events = await Array.fromAsync(stream);
  assert.equal(events.map(({ type }) => type), [
    ...new Array(3).fill("image_generation.partial_image"),
    "image_generation.completed",
  ]);
  const partials = await images(events);
  const [whole] = await expected({ classIds: 2, seed: 11 });
  assert.equal(partials[3], whole);
  partials.slice(0, 3).forEach(({ data, width }, i) => {
    const generated = 8 * (i + 1) * width * 3;
    assert.ok(data.subarray(generated).every((value) => value === 128), `grey below, ${i}`);
    assert.not.ok(data.subarray(generated - 4 * width * 3, generated).every((value) => value === 128));
    assert.is((events[i] as { partial_image_index: number }).partial_image_index, i);
  });
});

test("OpenAI's own client reports errors", async () => {
  const error = await openai.images.generate({ prompt: "Food & Drinks" }).catch((error) => error);
  assert.instance(error, OpenAI.APIError);
  assert.equal([error.status, error.code], [400, "invalid_request"]);
  assert.match(error.message, /did you mean Food & Drink/);
  const wrong = new OpenAI({ apiKey: "sk-x", baseURL: openai.baseURL, maxRetries: 0 });
  assert.instance(
    await wrong.images.generate({ prompt: "1" }).catch((error) => error),
    OpenAI.AuthenticationError,
  );
});

test("concurrent requests with and without guidance match the library", async () => {
  const requests = Array.from({ length: 10 }, (_, i) => ({
    class_id: i % 9,
    n: 1 + i % 3,
    seed: 100 + i,
    guidance: i % 3 === 0 ? 0 : 2 + i,
    temperature: i % 5 === 0 ? 0 : 1,
  }));
  const answers = await Promise.all(requests.map(async (request, i) => {
    // Begun at different times, so that they meet at different positions.
    await new Promise((resolve) => setTimeout(resolve, 15 * i));
    return await (await service.request(path, postJson(request, bearer))).json();
  }));
  for (const [i, { class_id, ...options }] of requests.entries()) {
    assert.equal(await images(answers[i].data), await expected({ classIds: class_id, ...options }), `${i}`);
  }
});

test("a missing seed is chosen at random and returned", async () => {
  const first = await (await service.request(path, postJson({ class_id: 1 }, bearer))).json();
  const again = await (await service.request(path, postJson({ class_id: 1, seed: first.seed }, bearer)))
    .json();
  assert.is(again.data[0].b64_json, first.data[0].b64_json);
});

const rows: readonly [string, object | string, number, string, RegExp?][] = [
  ["no prompt", {}, 400, "invalid_request", /class/],
  ["an empty prompt", { prompt: " " }, 400, "invalid_request"],
  ["a class that there is not", { class_id: 9 }, 400, "invalid_request", /from 0 to 8/],
  ["class −1", { class_id: -1 }, 400, "invalid_request"],
  ["n too large", { class_id: 1, n: 11 }, 400, "too_many_images", /maxImages/],
  ["n = 0", { class_id: 1, n: 0 }, 400, "invalid_request"],
  ["n = 2^53+1", '{"class_id":1,"n":9007199254740993}', 400, "invalid_request"],
  ["another size", { class_id: 1, size: "100x100" }, 400, "invalid_size", /32x32/],
  ["a size that is no number", { class_id: 1, size: "1e400x1" }, 400, "invalid_size"],
  ["temperature NaN", { class_id: 1, temperature: "NaN" }, 400, "invalid_request"],
  ["a bare NaN", '{"class_id":1,"temperature":NaN}', 400, "invalid_json"],
  ["temperature 1e400", '{"class_id":1,"temperature":1e400}', 400, "invalid_request"],
  ["temperature −1", { class_id: 1, temperature: -1 }, 400, "invalid_request"],
  ["top_p 2", { class_id: 1, top_p: 2 }, 400, "invalid_request"],
  ["top_k 1.5", { class_id: 1, top_k: 1.5 }, 400, "invalid_request"],
  ["guidance of three", { class_id: 1, guidance: [1, 2, 3] }, 400, "invalid_request"],
  ["seed 2^53+1", '{"class_id":1,"seed":9007199254740993}', 400, "invalid_request"],
  ["an unknown field", { class_id: 1, colour: "red" }, 400, "unknown_field"],
  ["an unknown model", { class_id: 1, model: "dall-e" }, 404, "model_not_found"],
];
for (const [name, body, status, code, names] of rows) {
  test(`${name}: ${status}`, async () => {
    const request = postJson(body, bearer);
    if (typeof body === "string") request.body = body;
    const response = await service.request(path, request), copy = response.clone();
    assert.is(await refusal(response, status, name), code);
    if (names) assert.match((await copy.json()).error.message, names);
  });
}

test("a model without a transformer is an error", async () => {
  const { service: other } = doubled();
  await using _end = other;
  assert.is(
    await refusal(await other.request(path, postJson({ class_id: 1 })), 400),
    "model_cannot_generate",
  );
});

test("closing a stream cancels its work and frees its slot", async () => {
  const metric = async (name: string) => {
    const text = await (await service.request("/metrics", { headers: bearer })).text();
    return Number(new RegExp(`^voken:${name}(?:{.*})? (\\d+)`, "m").exec(text)![1]);
  };
  for (let i = 0; i < 5; i++) {
    const client = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      ...postJson({ class_id: 1, n: 4, stream: true, partial_images: 8 }, bearer),
      signal: client.signal,
    });
    await response.body!.getReader().read();
    client.abort();
  }
  for (let i = 0; i < 500 && await metric("num_requests_running") > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // The step under way is the last.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = await metric("generation_tokens_total");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(
    await metric("generation_tokens_total"),
    before,
    "nothing is generated after the client disconnected",
  );
  const [image] = await expected({ classIds: 4, seed: 5 });
  const answer = await (await service.request(path, postJson({ class_id: 4, seed: 5 }, bearer))).json();
  assert.equal(await images(answer.data), [image]);
});

test.run();
