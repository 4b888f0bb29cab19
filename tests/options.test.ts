/** Whatever is given to the public functions, they answer or throw an error of the package. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as library from "../mod.ts";
import * as advanced from "../src/advanced.ts";
import { createEdgeService } from "../src/service/edge.ts";
import { createService, serve } from "../src/service/mod.ts";
import { train } from "../src/train/mod.ts";
import { shippedModel, shippedSample } from "./support/models.ts";
import { smallModel } from "./support/small_model.ts";

const { ArgumentError, Generator, Tokenizer, Transformer, VokenError } = library;

const test = suite("arguments of the public API");

let tokenizer: library.Tokenizer, generator: library.Generator, transformer: library.Transformer;
let backend: advanced.Backend, image: library.Image, tokens: library.Tokens;

test.before(async () => {
  backend = await advanced.createBackend("reference");
  tokenizer = await Tokenizer.load(smallModel, { backend });
  generator = await Generator.load(smallModel, { backend });
  transformer = await Transformer.load(smallModel, { backend });
  image = library.createImage({ width: 4, height: 4 });
  tokens = { grid: [1, 2], codebookSize: tokenizer.codebookSize, data: new Uint32Array(2) };
});

test.after(async () => {
  for (const one of [transformer, generator, tokenizer, backend]) await one?.[Symbol.asyncDispose]();
});

/** Every function that takes options, with a call that passes odd ones. */
const calls: Readonly<Record<string, (options: never) => unknown>> = {
  "Tokenizer.load": (options) => Tokenizer.load(shippedModel, options),
  "Tokenizer.fromWeights": (options) => Tokenizer.fromWeights({} as never, options),
  checkSize: (options) => tokenizer.checkSize(image, options),
  encode: (options) => tokenizer.encode(image, options),
  decode: (options) => tokenizer.decode(tokens, options),
  reconstruct: (options) => tokenizer.reconstruct(image, options),
  encodeTensor: (options) => tokenizer.encodeTensor(library.f32Tensor([1, 3, 4, 4]), options),
  decodeTensor: (options) => tokenizer.decodeTensor(library.u32Tensor([1, 1, 2]), options),
  "Generator.load": (options) => Generator.load(shippedModel, options),
  "Generator.fromWeights": (options) => Generator.fromWeights({} as never, options),
  generate: (options) => generator.generate(options),
  stream: (options) => generator.stream(options).next(),
  plan: (options) => generator.plan(options),
  openBatch: (options) => generator.openBatch(options),
  "Transformer.load": (options) => Transformer.load(shippedModel, options),
  teacherForced: (options) => transformer.teacherForced(options),
  readImage: (options) => library.readImage(shippedSample("ring"), options),
  encodeImage: (options) => library.encodeImage(image, options),
  images: (options) => library.images("folder", options),
  TokenEncoderStream: (options) => new library.TokenEncoderStream(options),
  createBackend: (options) => advanced.createBackend("wasm", options),
  WebGpuBackend: (options) => new advanced.WebGpuBackend(options),
  OrtBackend: (options) => new advanced.OrtBackend(options),
  openCheckpoint: (options) => advanced.openCheckpoint("none.safetensors", options),
  inspectCheckpoint: (options) => advanced.inspectCheckpoint("none.safetensors", options),
  convertCheckpoint: (options) => advanced.convertCheckpoint("none.safetensors", "none", options),
  convertTransformer: (options) => advanced.convertTransformer("none.safetensors", "none", options),
  contactSheet: (options) => advanced.contactSheet([[image]], options),
  createService: (options) => createService(options),
  createEdgeService: (options) => createEdgeService(options),
  serve: (options) => serve({} as never, options),
  train: (options) => train({} as never, options),
};

// Options that are right by chance may make files: of trainings, conversions.
const here = Deno.cwd(), scratch = await Deno.makeTempDir();
test.before(() => Deno.chdir(scratch));
test.after(async () => {
  Deno.chdir(here);
  await Deno.remove(scratch, { recursive: true });
});

test("unknown options are refused by name, and what is no object is refused", async () => {
  for (const [name, call] of Object.entries(calls)) {
    const unknown = await thrown(() => call({ bakcend: "wasm" } as never));
    assert.instance(unknown, ArgumentError, name);
    assert.match(unknown!.message, /: option bakcend: expected (one of|no options)/, name);
    for (const odd of [null, 5, "options", [], () => {}, Promise.resolve({})]) {
      const error = await thrown(() => call(odd as never));
      assert.instance(error, ArgumentError, `${name} with ${String(odd)}`);
      assert.match(error!.message, /^Cannot .*: options: expected an object, got /, name);
    }
  }
});

test("names of other libraries are answered with ours", async () => {
  const cases: [() => unknown, RegExp][] = [
    [
      () => Tokenizer.load(shippedModel, { device: "webgpu" } as never),
      /option device: .*; here it is called backend$/,
    ],
    [
      () => Generator.load(shippedModel, { dtype: "q4" } as never),
      /option dtype: .*; here it is called weights$/,
    ],
    [
      () => Tokenizer.load(shippedModel, { treads: 2 } as never),
      /option treads: .*; did you mean threads\?$/,
    ],
    [
      () => Tokenizer.load(shippedModel, { backend: "webgl" } as never),
      /backend: .*; did you mean webgpu\?$/,
    ],
    [() => Tokenizer.load(shippedModel, { threads: "2" } as never), /threads: .* from 1 to 256, got "2"$/],
    [() => generator.generate({} as never), /classIds: expected a class .*, got nothing$/],
    [() => generator.generate({ classIds: 1, top_k: 3 } as never), /option top_k: .*; did you mean topK\?$/],
    [() => generator.generate({ classIds: 1, temperature: "1" } as never), /temperature: .*, got "1"$/],
    [
      () => createEdgeService({ models: [], codecThreads: 1 } as never),
      /option codecThreads: expected one of models/,
    ],
    [
      () => createService({ models: [{ name: "a" }] } as never),
      /models: tokenizer: expected a Tokenizer, got nothing$/,
    ],
    [() => createService({ models: [{}] } as never), /models: name: expected a text, got nothing$/],
    [() => createService({ models: [5] } as never), /models: options: expected an object, got 5$/],
  ];
  for (const [call, message] of cases) assert.match((await thrown(call))!.message, message);
});

/** Values that are nearly right, and garbage. */
const numbers = fc.oneof(fc.integer({ min: -2, max: 3 }), fc.double());
const strings = fc.constantFrom("", "wasm", "auto", "q8", "png", "f32", "Flags", "x");
const odd = fc.oneof(
  numbers,
  strings,
  fc.anything({ withNullPrototype: true, withTypedArray: true, withBigInt: true, maxDepth: 2 }),
);
const optionNames = [
  ...[
    "threads",
    "weights",
    "onProgress",
    "signal",
    "raw",
    "heads",
    "grid",
    "tokenizer",
    "classIds",
    "n",
    "seed",
  ],
  ...[
    "guidance",
    "temperature",
    "topK",
    "topP",
    "candidates",
    "everyRows",
    "size",
    "guided",
    "pre",
    "post",
    "count",
  ],
  ...[
    "maxPixels",
    "background",
    "format",
    "quality",
    "onDamaged",
    "keepWeights",
    "runtime",
    "models",
    "limits",
    "auth",
  ],
  ...["scale", "gap", "port", "hostname", "folder", "dtype"],
];
/** Few names at a time, so that each function meets some of its own alone. */
const someOptions = fc.dictionary(fc.constantFrom(...optionNames), odd, { maxKeys: 2 });

test("no options cause an untyped error", async () => {
  // Those that would begin to load a model or to train if the options were right are called with what ends soon.
  const slow = ["Tokenizer.load", "Generator.load", "Transformer.load"];
  const some = Object.entries(calls).filter(([name]) => !slow.includes(name));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...some), fc.oneof(someOptions, odd), async ([name, call], options) => {
      const error = await thrown(() => call(options as never));
      assert.ok(error === undefined || error instanceof VokenError, `${name}: ${error}`);
    }),
    { numRuns: 500 },
  );
});

test("no arguments cause an untyped error", async () => {
  const works: readonly ((value: never) => unknown)[] = [
    (value) => tokenizer.checkSize(value),
    (value) => tokenizer.encode(value),
    (value) => tokenizer.encode([image, value]),
    (value) => tokenizer.decode(value),
    (value) => tokenizer.decode([tokens, value]),
    (value) => tokenizer.encodeTensor(value),
    (value) => tokenizer.decodeTensor(value),
    (value) => Tokenizer.fromWeights(value),
    (value) => Generator.fromWeights(value),
    (value) => Transformer.fromWeights(value),
    (value) => library.encodeImage(value),
    (value) => library.resize(value, { width: 1, height: 1 }),
    (value) => library.resize(image, value),
    (value) => library.resizeShorterSide(image, value),
    (value) => library.centerCrop(value, 1),
    (value) => library.centerCrop(image, value),
    (value) => library.createImage(value),
    (value) => library.createImage({ width: 1, height: 1 }, value),
    (value) => library.psnr(image, value),
    (value) => library.toImageData(value),
    (value) => library.f32Tensor(value),
    (value) => library.u32Tensor([2], value),
    (value) => advanced.contactSheet(value),
    (value) => advanced.createBackend(value),
  ];
  const pixels = fc.record({ width: odd, height: odd, data: odd }, { requiredKeys: [] });
  const tensor = fc.record({
    dtype: fc.constantFrom("f32", "u32"),
    shape: fc.oneof(fc.constant([1, 3, 4, 4]), odd),
    data: odd,
  });
  const form = fc.record({
    grid: fc.oneof(fc.constant([1, 2]), odd),
    codebookSize: numbers,
    data: odd,
    size: odd,
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...works), fc.oneof(odd, pixels, tensor, form), async (work, value) => {
      const error = await thrown(() => work(value as never));
      assert.ok(error === undefined || error instanceof VokenError, `${work}: ${error}`);
    }),
    { numRuns: 1000 },
  );
});

test("sources that are none are refused", async () => {
  for (const source of [undefined, null, 5, {}, [], "", Promise.resolve("emoji-64"), new ArrayBuffer(3)]) {
    for (const model of [Tokenizer, Generator, Transformer]) {
      const error = await thrown(() => model.load(source as never));
      assert.instance(error, ArgumentError, `${source}`);
    }
  }
});

/** The error of a call, and nothing if there was none: what it made is disposed. */
async function thrown(call: () => unknown): Promise<Error | undefined> {
  try {
    const made = await call() as Partial<AsyncDisposable> | undefined;
    await made?.[Symbol.asyncDispose]?.();
  } catch (error) {
    return error as Error;
  }
}

test.run();
