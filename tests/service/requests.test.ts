import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeImage } from "../../src/image/decode.ts";
import { createBackend } from "../../src/backend/select.ts";
import { createService } from "../../src/service/service.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";
import { concat } from "../../src/io/concat.ts";
import { buildPng, goldenFiles } from "../image/support.ts";
import { smallModel } from "../support/small_model.ts";
import { described } from "./described.ts";
import { post, postJson, refusal, ring } from "./support.ts";

const test = suite("requests");

const tokenizer = await Tokenizer.load(smallModel, { threads: 1 });
const service = createService({
  models: [{ name: "small", tokenizer }],
  limits: { maxBodyBytes: 2_000_000, maxJsonBytes: 500_000 },
});
/** The tokens of a valid request. */
const expected = [...(await tokenizer.encode(await decodeImage(ring))).data];
test.after(async () => {
  await service[Symbol.asyncDispose]();
  await tokenizer[Symbol.asyncDispose]();
});

const json = { "content-type": "application/json" };
const png = { "content-type": "image/png" };
const multipart = { "content-type": "multipart/form-data; boundary=b" };
const grid = { grid: [8, 8], tokens: new Array(64).fill(5) };
const tokens = (first: unknown) => `{"grid":[8,8],"tokens":[${first}${",5".repeat(63)}]}`;
const part = (name: string, body: string) =>
  `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${body}\r\n`;
const jpeg = goldenFiles.get("rgb.jpg")!.bytes;

function brokenStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(ring.subarray(0, 100));
      controller.error(new Error("connection reset"));
    },
  });
}

function chunked(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(65536, left)));
      left -= 65536;
    },
  });
}

function form(image: File | string, more: Record<string, string> = {}): RequestInit {
  const data = new FormData();
  data.set("image", image);
  for (const [name, value] of Object.entries(more)) data.set(name, value);
  return { method: "POST", body: data };
}

const zeroWidth = ring.slice();
zeroWidth.set([0, 0, 0, 0], 16);

/** [what it is, path, request, status, code, what the message must name] */
type Row = readonly [string, string, RequestInit, number, string, RegExp?];

const rows: readonly Row[] = [
  ["bad JSON", "/v1/detokenize", post("{", json), 400, "invalid_json"],
  ["no JSON at all", "/v1/detokenize", post("", json), 400, "invalid_json"],
  [
    "JSON that is no UTF-8",
    "/v1/detokenize",
    post(Uint8Array.of(0x22, 0xff, 0x22), json),
    400,
    "invalid_json",
  ],
  [
    "depth over 100",
    "/v1/detokenize",
    post(`{"tokens":${"[".repeat(100)}${"]".repeat(100)}}`, json),
    400,
    "json_too_deep",
    /maxJsonDepth/,
  ],
  ["a body of brackets", "/v1/detokenize", post("[".repeat(400_000), json), 400, "json_too_deep"],
  ["a list as body", "/v1/detokenize", post("[]", json), 400, "invalid_request"],
  ["null as body", "/v1/tokenize", post("null", json), 400, "invalid_request"],
  ["an unknown field", "/v1/detokenize", postJson({ ...grid, colour: 1 }), 400, "unknown_field", /colour/],
  ["an unknown parameter", "/v1/tokenize?colour=1", post(ring, png), 400, "unknown_field", /colour/],
  ["a parameter twice", "/v1/tokenize?model=a&model=b", post(ring, png), 400, "repeated_field"],
  ["__proto__", "/v1/detokenize", post(`{"__proto__":{"grid":[1,1]}}`, json), 400, "unknown_field"],
  [
    "__proto__, escaped, further down",
    "/v1/detokenize",
    post(`{"size":{"\\u005f_proto__":1}}`, json),
    400,
    "unknown_field",
  ],
  [
    "wrong content type",
    "/v1/tokenize",
    post("a", { "content-type": "text/plain" }),
    415,
    "unsupported_media_type",
  ],
  ["no content type", "/v1/detokenize", post(Uint8Array.of(1)), 415, "unsupported_media_type"],
  [
    "a body over the limit by its length",
    "/v1/tokenize",
    post(new Uint8Array(1), { ...png, "content-length": "2000001" }),
    413,
    "body_too_large",
    /maxBodyBytes/,
  ],
  [
    "a chunked body over the limit",
    "/v1/tokenize",
    post(chunked(2_000_001), png),
    413,
    "body_too_large",
    /maxBodyBytes/,
  ],
  [
    "JSON over its limit",
    "/v1/detokenize",
    post(" ".repeat(500_001), json),
    413,
    "body_too_large",
    /maxJsonBytes/,
  ],
  [
    "a truncated body",
    "/v1/tokenize",
    post(ring, { ...png, "content-length": "99999" }),
    400,
    "truncated_body",
  ],
  ["a body that breaks off", "/v1/tokenize", post(brokenStream(), png), 400, "truncated_body"],
  ["truncated multipart", "/v1/tokenize", post(part("image", "abc"), multipart), 400, "invalid_multipart"],
  [
    "multipart cut in a header",
    "/v1/tokenize",
    post("--b\r\ncontent-dis", multipart),
    400,
    "invalid_multipart",
  ],
  ["multipart with nothing", "/v1/tokenize", post("", multipart), 400, "invalid_multipart"],
  ["multipart of rubbish", "/v1/tokenize", post("--b\r\n\r\n\r\n--b--", multipart), 400, "invalid_multipart"],
  [
    "multipart without boundary",
    "/v1/tokenize",
    post(part("image", "abc"), { "content-type": "multipart/form-data" }),
    400,
    "invalid_multipart",
  ],
  [
    "60,000 form fields",
    "/v1/tokenize",
    post(`--b\r\n\r\n\r\n`.repeat(60_000) + "--b--", multipart),
    413,
    "too_many_fields",
    /maxFields/,
  ],
  [
    "a field twice",
    "/v1/tokenize",
    post(part("model", "a").repeat(2) + "--b--", multipart),
    400,
    "repeated_field",
  ],
  [
    "a cross-site form post",
    "/v1/tokenize",
    post(ring, { ...png, origin: "https://evil.example" }),
    403,
    "cross_site",
  ],
  ["an opaque origin", "/v1/tokenize", post(ring, { ...png, origin: "null" }), 403, "cross_site"],
  [
    "cross-site by fetch metadata",
    "/v1/tokenize",
    post(ring, { ...png, "sec-fetch-site": "cross-site" }),
    403,
    "cross_site",
  ],
  ["an empty upload", "/v1/tokenize", post(null, png), 400, "empty_upload"],
  ["an empty file in a form", "/v1/tokenize", form(new File([], "a.png")), 400, "empty_upload"],
  [
    "text named .png",
    "/v1/tokenize",
    form(new File(["I am text"], "a.png", { type: "image/png" })),
    415,
    "unsupported_image",
  ],
  [
    "a GIF",
    "/v1/tokenize",
    post("GIF89a..........", { "content-type": "image/gif" }),
    415,
    "unsupported_image",
  ],
  ["a truncated PNG", "/v1/tokenize", post(ring.slice(0, 900), png), 400, "invalid_image"],
  ["a PNG cut in its header", "/v1/tokenize", post(ring.slice(0, 20), png), 400, "invalid_image"],
  ["a truncated JPEG", "/v1/reconstruct", post(jpeg.slice(0, jpeg.length - 40), png), 400, "invalid_image"],
  [
    "a JPEG with arithmetic coding",
    "/v1/tokenize",
    post(await Deno.readFile(new URL("../golden/pictures/arithmetic_testimgari.jpg", import.meta.url)), png),
    415,
    "unsupported_image",
  ],
  [
    "too many pixels",
    "/v1/reconstruct",
    post(
      concat([buildPng(new Uint8Array(1), { width: 12000, height: 12000 }), new Uint8Array(560_000)]).slice(),
      png,
    ),
    413,
    "too_many_pixels",
    /maxPixels/,
  ],
  [
    "a line of pixels that is padded to many more",
    "/v1/tokenize",
    post(buildPng(new Uint8Array(1), { width: 2 ** 20, height: 1 }).slice(), png),
    413,
    "too_many_pixels",
    /padded to 1048576×/,
  ],
  ["zero width", "/v1/tokenize", post(zeroWidth, png), 400, "invalid_image"],
  [
    "an image of one token",
    "/v1/reconstruct",
    post(buildPng(new Uint8Array(7), { width: 2, height: 1 }).slice(), png),
    400,
    "invalid_image",
  ],
  ["token −1", "/v1/detokenize", post(tokens(-1), json), 400, "invalid_request"],
  [
    "a token beyond the codebook",
    "/v1/detokenize",
    post(tokens(2 ** 18), json),
    400,
    "invalid_request",
    /262144/,
  ],
  ["token 1.5", "/v1/detokenize", post(tokens(1.5), json), 400, "invalid_request"],
  ["token 2^53+1", "/v1/detokenize", post(tokens("9007199254740993"), json), 400, "invalid_request"],
  ["token 1e400", "/v1/detokenize", post(tokens("1e400"), json), 400, "invalid_request"],
  ["a token as text", "/v1/detokenize", post(tokens('"5"'), json), 400, "invalid_request"],
  ["too few tokens", "/v1/detokenize", postJson({ grid: [8, 8], tokens: [1] }), 400, "invalid_request"],
  ["a grid of one token", "/v1/detokenize", postJson({ grid: [1, 1], tokens: [1] }), 400, "invalid_request"],
  [
    "a grid beyond the limit",
    "/v1/detokenize",
    postJson({ grid: [4096, 4096], tokens: [] }),
    413,
    "too_many_pixels",
    /maxPixels/,
  ],
  [
    "another model's codebook",
    "/v1/detokenize",
    postJson({ ...grid, codebookSize: 2 ** 14 }),
    400,
    "invalid_request",
  ],
  [
    "a field of an earlier version",
    "/v1/detokenize",
    postJson({ ...grid, bits: 18 }),
    400,
    "unknown_field",
    /bits.*: it is now codebookSize/,
  ],
  [
    "a size that does not fit",
    "/v1/detokenize",
    postJson({ ...grid, size: { width: 99, height: 32 } }),
    400,
    "invalid_request",
  ],
  [
    "packed tokens, too short",
    "/v1/detokenize?grid=8x8",
    post(new Uint8Array(143), { "content-type": "application/octet-stream" }),
    400,
    "invalid_tokens",
  ],
  [
    "packed tokens without a grid",
    "/v1/detokenize",
    post(new Uint8Array(144), { "content-type": "application/octet-stream" }),
    400,
    "invalid_request",
  ],
  [
    "a quality beyond 100",
    "/v1/detokenize",
    postJson({ ...grid, format: "jpeg", quality: 101 }),
    400,
    "invalid_request",
  ],
  [
    "a format that is not written",
    "/v1/detokenize",
    postJson({ ...grid, format: "gif" }),
    400,
    "invalid_request",
  ],
  ["nothing acceptable", "/v1/detokenize", postJson(grid, { accept: "text/html" }), 406, "not_acceptable"],
  [
    "an address as image",
    "/v1/tokenize",
    postJson({ image: "http://127.0.0.1/cat.png" }),
    400,
    "invalid_image",
    /fetched/,
  ],
  [
    "an address in a form",
    "/v1/tokenize",
    form("https://example.org/a.png"),
    400,
    "invalid_image",
    /fetched/,
  ],
  ["a path as image", "/v1/tokenize", postJson({ image: "/etc/passwd" }), 400, "invalid_image"],
  ["a path that is base64", "/v1/tokenize", postJson({ image: "/etc/passwd/" }), 400, "invalid_image"],
  ["no image", "/v1/tokenize", postJson({}), 400, "invalid_image"],
  ["an unknown model", "/v1/tokenize?model=other", post(ring, png), 404, "model_not_found", /small/],
  ["a path as model", "/v1/tokenize?model=../../etc/passwd", post(ring, png), 404, "model_not_found"],
  ["path traversal", "/v1/models/..%2f..%2fetc%2fpasswd", {}, 404, "model_not_found"],
  ["path traversal at the root", "/..%2f..%2fetc/passwd", {}, 404, "not_found"],
  ["an unknown address", "/v1/nothing", {}, 404, "not_found"],
];

const check = await described(service);

async function checkValid(): Promise<void> {
  const response = await service.request("/v1/tokenize", post(ring, png));
  assert.is(response.status, 200);
  check("/v1/tokenize", "POST", response);
  assert.equal((await response.json()).tokens, expected);
}

for (const [name, path, request, status, code, names] of rows) {
  test(`${name}: ${status}`, async () => {
    const response = await service.request(path, request);
    const copy = response.clone();
    check(path, request.method ?? "GET", response);
    assert.is(await refusal(response, status, name), code);
    if (names) assert.match((await copy.json()).error.message, names);
    await checkValid();
  });
}

for (const [name, { bytes, image }] of goldenFiles) {
  test(`${name} is parsed`, async () => {
    const response = await service.request("/v1/tokenize", post(bytes.slice(), png));
    assert.is(response.status, 200, await response.clone().text());
    const expected = await tokenizer.encode(await decodeImage(bytes));
    const answer = await response.json();
    assert.equal(answer.tokens, [...expected.data]);
    assert.equal(answer.grid, [...expected.grid]);
    assert.equal(
      answer.size,
      image.width % 4 || image.height % 4 ? { width: image.width, height: image.height } : undefined,
    );
  });
}

test("an image for which memory lacks: 413, with what would fit", async () => {
  await using backend = await createBackend("wasm", { threads: 1, maxArenaBytes: 2 ** 24 });
  await using tokenizer = await Tokenizer.load(smallModel, { backend });
  await using service = createService({ models: [{ name: "small", tokenizer }] });
  const [width, height] = [700, 600], rows = new Uint8Array((3 * width + 1) * height);
  const response = await service.request(
    "/v1/tokenize",
    post(buildPng(rows, { width, height }).slice(), png),
  );
  const copy = response.clone();
  assert.is(await refusal(response, 413, "memory"), "image_too_large");
  assert.match((await copy.json()).error.message, /at most 16 MiB of memory, got 700×600.* pixels fit/);
});

test.run();
