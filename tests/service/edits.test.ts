/** Images of which a part is drawn anew, by OpenAI's own client and by hand. */
import OpenAI, { toFile } from "openai";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { createImage } from "../../src/image/image.ts";
import { resize } from "../../src/image/resize.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { serve } from "../../src/service/serve.ts";
import { createService } from "../../src/service/service.ts";
import { packTokens, unpackTokens } from "../../src/service/work/packed_tokens.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { Generator } from "../../src/transformer/generator.ts";
import type { GenerateOptions } from "../../src/transformer/request.ts";
import { buildPng } from "../image/support.ts";
import { smallModel } from "../support/small_model.ts";
import { described } from "./described.ts";
import { doubled, listening, postJson, refusal, ring } from "./support.ts";

const test = suite("edits");

const tokenizer = await Tokenizer.load(smallModel, { threads: 2 });
const generator = await Generator.load(smallModel, { tokenizer, threads: 2 });
const service = createService({ models: [{ name: "small", tokenizer, generator }] });
const server = await serve(service, { port: 0 });
const openai = new OpenAI({
  apiKey: "none",
  baseURL: `http://127.0.0.1:${server.port}/v1`,
  maxRetries: 0,
});
test.after(async () => {
  await server.stop();
  await service[Symbol.asyncDispose]();
  await generator[Symbol.asyncDispose]();
  await tokenizer[Symbol.asyncDispose]();
});

const image = await decodeImage(ring), tokens = await tokenizer.encode(image);
const png = ring.toBase64(), check = await described(service);
/** The tokens of rows 2 to 4 and columns 3 to 5 of 8. */
const drawn = Array.from({ length: 64 }, (_, i) => i >> 3 >= 2 && i >> 3 <= 4 && i % 8 >= 3 && i % 8 <= 5);

/** A PNG of RGBA that is transparent where `clear` says so. */
function maskPng(side: number, clear: (x: number, y: number) => boolean): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array((4 * side + 1) * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) rows[(4 * side + 1) * y + 1 + 4 * x + 3] = clear(x, y) ? 0 : 255;
  }
  return buildPng(rows, { width: side, height: side, colorType: 6 }).slice();
}
const mask = maskPng(32, (x, y) => drawn[(y >> 2) * 8 + (x >> 2)]!);

const decoded = async (data: readonly { b64_json?: string | null }[]) =>
  await Promise.all(data.map(({ b64_json }) => decodeImage(Uint8Array.fromBase64(b64_json!))));

test("OpenAI's own client edits a picture: the tokens under the mask are drawn, the others stay", async () => {
  const answer = await openai.images.edit({
    image: await toFile(ring, "ring.png", { type: "image/png" }),
    mask: await toFile(mask, "mask.png", { type: "image/png" }),
    prompt: "Flags",
    n: 2,
    response_format: "b64_json",
    ...{ seed: 7, guidance: 3, candidates: 2, include_tokens: true },
  });
  const given = { tokens, mask: drawn };
  const options = { classIds: "Flags", n: 2, seed: 7, guidance: 3, candidates: 2, given };
  const expected = await generator.generate(options);
  assert.equal(await decoded(answer.data!), expected.map(({ image }) => image));
  answer.data!.forEach((one, n) => {
    const packed = Uint8Array.fromBase64((one as { tokens?: string }).tokens!);
    const data = unpackTokens(packed, { count: 64, codebookSize: 2 ** 18 });
    assert.equal(data, expected[n]!.tokens.data);
    data.forEach((token, i) => drawn[i] || assert.is(token, tokens.data[i]));
  });
});

test("OpenAI's own client edits with all of its fields, and lists in forms", async () => {
  const all = {
    model: "small",
    n: 1,
    size: "1024x1024",
    quality: "high",
    background: "opaque",
    input_fidelity: "high",
    output_format: "jpeg",
    output_compression: 90,
    partial_images: 0,
    response_format: "b64_json",
    complexity: "low",
    user: "12",
    safety_identifier: "a1",
    stream: false,
  } as const;
  const sampling = { seed: 3, guidance: [2, 3], temperature: [1, 0.9], top_k: [50, 0], top_p: [0.9, 1] };
  const request = openai.images.edit({
    image: [await toFile(ring, "ring.png", { type: "image/png" })],
    mask: await toFile(mask, "mask.png", { type: "image/png" }),
    prompt: "2",
    ...all,
    ...{ ...sampling, moderation: "low", style: "vivid", candidates: 2, include_tokens: true },
  });
  const { data, response } = await request.withResponse();
  assert.is(
    response.headers.get("voken-ignored"),
    "quality, background, moderation, style, input_fidelity, complexity, user, safety_identifier, size",
  );
  const { top_k: topK, top_p: topP, ...plain } = sampling;
  const options = { ...plain, topK, topP, candidates: 2 } as unknown as GenerateOptions;
  const [expected] = await generator.generate({ ...options, classIds: 2, given: { tokens, mask: drawn } });
  const [one] = data.data as { tokens?: string }[];
  assert.is(one!.tokens, packTokens(expected!.tokens.data, 2 ** 18).toBase64());
});

test("a form as httpx writes it, which OpenAI's client for Python sends, is an edit", async () => {
  const boundary = "6f1d5c0b9a8e4d7f6f1d5c0b9a8e4d7f", text = new TextEncoder();
  const part = (name: string, value: string | Uint8Array<ArrayBuffer>) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`,
    typeof value === "string" ? "" : `; filename="${name}.png"\r\nContent-Type: image/png`,
    ...["\r\n\r\n", value, "\r\n"],
  ];
  const fields = [
    ...[["prompt", "Flags"], ["n", "1"], ["seed", "7"], ["guidance[]", "2.0"], ["guidance[]", "3.0"]],
    ...[["include_tokens", "true"], ["image", ring], ["mask", mask]],
  ] as [string, string][];
  const body = [...fields.flatMap(([name, value]) => part(name, value)), `--${boundary}--\r\n`];
  const bytes = await new Blob(body.map((one) => typeof one === "string" ? text.encode(one) : one)).bytes();
  const response = await fetch(`${openai.baseURL}/images/edits`, {
    ...{ method: "POST", body: bytes },
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "x-stainless-lang": "python" },
  });
  assert.is(response.status, 200);
  const given = { tokens, mask: drawn }, guidance = [2, 3] as const;
  const [expected] = await generator.generate({ classIds: "Flags", seed: 7, guidance, given });
  const { data } = await response.json();
  assert.is(data[0].tokens, packTokens(expected!.tokens.data, 2 ** 18).toBase64());
});

test("several images are refused by the field's name", async () => {
  const image = [await toFile(ring, "a.png"), await toFile(ring, "b.png")];
  const error = await openai.images.edit({ image, prompt: "2" }).catch((error) => error);
  assert.instance(error, OpenAI.BadRequestError);
  assert.is(error.param, "image");
});

test("OpenAI's own client streams an edit", async () => {
  const stream = await openai.images.edit({
    image: await toFile(ring, "ring.png", { type: "image/png" }),
    mask: await toFile(mask, "mask.png", { type: "image/png" }),
    prompt: "3",
    stream: true,
    partial_images: 1,
    ...{ seed: 1 },
  });
  const events = await Array.fromAsync(stream);
  assert.equal(events.map(({ type }) => type), ["image_edit.partial_image", "image_edit.completed"]);
  for (const { background, created_at, output_format, quality, size } of events) {
    assert.equal([background, output_format, quality, size], ["opaque", "png", "auto", "32x32"]);
    assert.ok(created_at > 1e9);
  }
});

test("an image's own transparency is its mask, also in JSON, and other sizes are cropped and resized", async () => {
  const side = 48, path = `http://127.0.0.1:${server.port}/v1/images/edits`;
  const picture = maskPng(side, (x) => x >= side / 2);
  const body = { image: picture.toBase64(), class_id: 2, seed: 3, temperature: 0 };
  const response = await fetch(path, postJson(body));
  assert.is(response.status, 200);
  const base = createImage({ width: side, height: side });
  base.data.forEach((_, i) => base.data[i] = Math.floor(i / 3) % side >= side / 2 ? 255 : 0);
  const given = {
    tokens: await tokenizer.encode(resize(base, { width: 32, height: 32 })),
    mask: Array.from({ length: 64 }, (_, i) => i % 8 >= 4),
  };
  const [expected] = await generator.generate({ classIds: 2, seed: 3, temperature: 0, given });
  assert.equal(await decoded((await response.json()).data), [expected!.image]);
});

test("OpenAI's own client asks for variations: the first rows stay, of no class unless one is named", async () => {
  const file = await toFile(ring, "ring.png", { type: "image/png" });
  const plain = await openai.images.createVariation({ image: file, n: 2, size: "1024x1024", ...{ seed: 5 } });
  const half = Array.from({ length: 64 }, (_, i) => i >= 32);
  const expected = await generator.generate({ classIds: null, n: 2, seed: 5, given: { tokens, mask: half } });
  assert.equal(await decoded(plain.data!), expected.map(({ image }) => image));
  const more = { seed: 5, keep_rows: 8, prompt: "Flags", response_format: "url" } as const;
  const whole = await openai.images.createVariation({ image: file, ...more });
  const [url] = whole.data!.map(({ url }) => url!);
  assert.match(url!, /^data:image\/png;base64,/);
  const again = await decodeImage(Uint8Array.fromBase64(url!.split(",")[1]!));
  assert.equal(again, await tokenizer.decode(tokens));
});

test("tokens that are given are drawn anew in part", async () => {
  const body = { class_id: 2, seed: 9, include_tokens: true, mask: drawn.map(Number) };
  const given = { tokens, mask: drawn },
    [expected] = await generator.generate({ classIds: 2, seed: 9, given });
  for (const some of [[...tokens.data], packTokens(tokens.data, 2 ** 18).toBase64()]) {
    const response = await service.request("/v1/images/edits", postJson({ ...body, tokens: some }));
    const { data } = await response.json();
    assert.is(data[0].tokens, packTokens(expected!.tokens.data, 2 ** 18).toBase64());
  }
});

test("packed tokens of an answer are decoded to its image", async () => {
  const body = { class_id: 1, seed: 2, include_tokens: true };
  const { data } = await (await service.request("/v1/images/generations", postJson(body))).json();
  const request = postJson({ grid: [8, 8], tokens: data[0].tokens });
  const response = await service.request("/v1/detokenize", request);
  assert.equal(await decodeImage(await response.bytes()), (await decoded(data))[0]);
});

test("fields that mean nothing here are taken, and named in a header", async () => {
  const body = {
    prompt: "Flags",
    n: 1,
    seed: 2,
    quality: "hd",
    style: "vivid",
    size: "1024x1024",
    user: "u",
  };
  const response = await service.request("/v1/images/generations", postJson(body));
  assert.equal([response.status, response.headers.get("voken-ignored")], [200, "quality, style, user, size"]);
});

test("answers are as the OpenAPI document describes them", async () => {
  const images = { image: png, class_id: 1, seed: 1, quality: "low" };
  const grid = { grid: [8, 8], tokens: [...tokens.data] };
  for (
    const [path, body] of [
      ["/v1/images/generations", { class_id: 1, style: "vivid" }],
      ["/v1/images/generations", { class_id: 1, stream: true }],
      ["/v1/images/variations", images],
      ["/v1/detokenize", grid],
      ["/v1/detokenize", { ...grid, format: "webp" }],
      ["/v1/reconstruct", { image: png }],
      ["/v1/tokenize", { image: png }],
    ] as const
  ) {
    const response = await service.request(path, postJson(body));
    assert.is(response.status, 200, path);
    check(path, "POST", response);
    await response.text();
  }
  for (const path of ["/v1/models", "/v1/models/small", "/health", "/version", "/metrics"]) {
    check(path, "GET", await service.request(path));
  }
});

for (
  const [name, path, body, param, names] of [
    ["no image", "edits", { prompt: "Flags" }, "image", /field image/],
    [
      "an address as image",
      "edits",
      { prompt: "1", image: "https://example.org/a.png" },
      "image",
      /not fetched/,
    ],
    ["an opaque image without a mask", "edits", { prompt: "1", image: png }, "image", /transparent/],
    ["an opaque mask", "edits", { prompt: "1", image: png, mask: png }, "mask", /transparent/],
    [
      "a mask of another size",
      "edits",
      { prompt: "1", image: png, mask: maskPng(16, () => true).toBase64() },
      "mask",
      /mask of the image's size, 32×32, got 16×16/,
    ],
    ["too few tokens", "edits", { prompt: "1", tokens: [1], mask: [1] }, "tokens", /64 tokens/],
    ["no mask of tokens", "edits", { prompt: "1", tokens: new Array(64).fill(1) }, "mask", /64 times 0 or 1/],
    ["no class", "edits", { image: png, mask: png }, "prompt", /class in the field prompt/],
    ["an unknown class", "edits", { image: png, prompt: "fod" }, "prompt", /Food & Drink/],
    ["too many rows", "variations", { image: png, keep_rows: 9 }, "keep_rows", /at most 8/],
    ["damage", "variations", { image: ring.slice(0, 600).toBase64() }, "image", /PNG/],
    ["an unknown field", "variations", { image: png, mask: png }, "mask", /mask/],
    ["a mistyped field", "generations", { prompt: "Flags", top_K: 1 }, "top_K", /did you mean top_k/],
    ["top_k", "generations", { prompt: "Flags", top_k: -1 }, "top_k", /: top_k: expected/],
    ["a class by number", "generations", { class_id: 99 }, "class_id", /0 to 8/],
  ] as [string, string, object, string, RegExp][]
) {
  test(`${name} is refused by its name`, async () => {
    const response = await service.request(`/v1/images/${path}`, postJson(body)), copy = response.clone();
    check(`/v1/images/${path}`, "POST", response);
    await refusal(response, 400, name);
    const { error } = await copy.json();
    assert.equal([error.type, error.param], ["invalid_request_error", param]);
    assert.match(error.message, names);
  });
}

test("OpenAI's client raises its own errors", async () => {
  const raised = async (work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> =>
    await work.catch((error) => error) as never;
  assert.instance(await raised(openai.images.generate({ prompt: "nothing" })), OpenAI.BadRequestError);
  assert.instance(await raised(openai.models.retrieve("other")), OpenAI.NotFoundError);
  const error = await raised(openai.images.generate({ prompt: "1", model: "other" }));
  assert.instance(error, OpenAI.NotFoundError);
  assert.equal([error.code, error.param, error.type], ["model_not_found", "model", "invalid_request_error"]);
  assert.match(error.message, /models small, got "other"/);
  await using limited = await listening(doubled({ rateLimit: 1 }).service);
  const few = new OpenAI({ apiKey: "none", baseURL: `${limited.url}/v1`, maxRetries: 0 });
  await few.models.list();
  const refused = await raised(few.models.list());
  assert.instance(refused, OpenAI.RateLimitError);
  assert.equal([refused.code, refused.type], ["rate_limited", "rate_limit_error"]);
  const { service: ending } = doubled();
  await using ended = await listening(ending);
  await ending.drain();
  const late = new OpenAI({ apiKey: "none", baseURL: `${ended.url}/v1`, maxRetries: 0 });
  const stopped = await raised(late.images.createVariation({ image: await toFile(ring, "ring.png") }));
  assert.instance(stopped, OpenAI.InternalServerError);
  assert.equal([stopped.status, stopped.type], [503, "server_error"]);
});

test("comments keep a stream open while nothing is sent, until it ends", async () => {
  const { setInterval } = globalThis, beats: number[] = [];
  const { promise: first, resolve } = Promise.withResolvers<() => void>();
  globalThis.setInterval = ((beat: () => void, after: number) => {
    beats.push(after);
    resolve(beat);
    return setInterval(beat, 2);
  }) as typeof setInterval;
  try {
    const body = { class_id: 1, n: 4, seed: 2, stream: true };
    const response = await service.request("/v1/images/generations", postJson(body)), beat = await first;
    const text = await response.text();
    assert.match(text, /^retry: 3000\n\n/);
    assert.match(text, /\n\n: \n\n/);
    assert.equal(beats, [10_000]);
    assert.is(text.split("event: image_generation.completed").length - 1, 4);
    // An event stays whole, and what comes after the end is no error.
    for (const block of text.split("\n\n").filter(Boolean)) {
      assert.match(block, /^(retry: 3000|: |event: [a-z_.]+\ndata: \{.*\})$/);
    }
    beat();
  } finally {
    globalThis.setInterval = setInterval;
  }
});

test("an edit of webp answers webp", async () => {
  const file = await toFile(await encodeImage(image, { format: "webp", quality: 100 }), "a.webp", {
    type: "image/webp",
  });
  const answer = await openai.images.createVariation({ image: file, ...{ output_format: "webp" } });
  const bytes = Uint8Array.fromBase64(answer.data![0]!.b64_json!);
  assert.is(new TextDecoder().decode(bytes.subarray(8, 12)), "WEBP");
});

test.run();
