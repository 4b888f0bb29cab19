import * as library from "../../mod.ts";
import { record } from "../../src/tensor/options.ts";
import { f32Tensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { formsOf, wrongWords } from "../support/number_forms.ts";
import { smallModel } from "../support/small_model.ts";
import { shippedSample } from "../support/models.ts";
import {
  type Argument,
  argument,
  emptyPlace,
  garbage,
  image,
  number,
  options,
  path,
  type Row,
  source,
} from "./argument.ts";
import type { Fixtures } from "./fixtures.ts";

const { Generator, Tokenizer, Transformer } = library;

const runtime = {
  backend: ["webgl", 5, {}],
  threads: [0, 1.5, "2", 1000],
  weights: ["q5", 8],
  onProgress: [5, {}],
  signal: [5, {}, new AbortController()],
  cache: ["no", 1],
};
const loading = { ...runtime, raw: [1, "yes"], prefix: [1, []], heads: [0, "4"], grid: [-1, 1.5] };
const signal = { signal: [5, "abort", new AbortController()] };

/** Tokens, which the error names by what is wrong with them. */
export function tokens(good: library.Tokens, { lists = false }: { lists?: boolean } = {}): Argument {
  const changed = (field: string, values: readonly unknown[]) =>
    values.map((value) => ({ ...good, [field]: value }));
  return argument(good, /tokens|grid|codebookSize|size|data|whole numbers|whole pixels/, {
    wrong: [
      ...lists ? [] : [[]],
      ...[5, "tokens.npz", {}, good.data],
      ...changed("grid", [undefined, [2], [1, 3], [0, 2], [1, -2], "1x2", [1.5, 2]]),
      ...changed("codebookSize", [undefined, 1, 2 ** 33, "4", 0.5]),
      ...changed("data", wrongWords(2)),
      ...changed("size", [5, {}, { width: 0, height: 1 }, { width: "8", height: 4 }]),
    ],
    same: formsOf([...good.data]).map((data) => ({ ...good, data })),
  });
}

/** An f32 or u32 tensor of a shape; `shapes` are wrong ones. */
export function tensor(
  good: library.HostTensor,
  shapes: readonly (readonly number[])[],
  { names = /tensor|elements|numbers|expected/ }: { names?: RegExp } = {},
): Argument {
  const { dtype, shape, data } = good, { length } = data;
  const make = dtype === "f32" ? f32Tensor : u32Tensor, other = dtype === "f32" ? u32Tensor : f32Tensor;
  return argument(good, names, {
    wrong: [
      ...[5, "tensor", {}, [], data],
      ...shapes.map((shape) => make(shape)),
      other([7, 7]),
      ...[undefined, "[2]", [length], [...shape, 2], [-1, ...shape.slice(1)], [1.5]].map((shape) => ({
        ...{ dtype, shape, data },
      })),
      { dtype: "i64", shape, data },
      ...wrongWords(length).filter((data) => dtype === "u32" || isNoFloats(data)).map((data) => ({
        ...{ dtype, shape, data },
      })),
    ],
    same: formsOf([...data]).map((data) => ({ dtype, shape, data })),
  });
}

function isNoFloats(data: unknown): boolean {
  if (!(ArrayBuffer.isView(data) || Array.isArray(data)) || data instanceof DataView) return true;
  return Array.isArray(data) && typeof data[0] !== "number" && typeof data[0] !== "bigint";
}

/** A model { config, source }. */
export function model(good: { config: object; source: object }): Argument {
  const { config } = good;
  const fields = Object.keys(config).flatMap((name) =>
    [undefined, "x", 0, -1, 0.5, {}, 2 ** 60, [0]].map((value) => ({
      ...good,
      config: { ...config, [name]: value },
    }))
  );
  return argument(good, /model|config/, {
    wrong: [
      ...[5, "emoji-64", {}, [], { config }, { source: good.source }],
      ...[5, {}, { shapes: {}, read() {} }, { shapes: new Map() }].map((source) => ({ ...good, source })),
      ...fields,
    ],
  });
}

const generation = {
  classIds: [undefined, {}, [{}], -1, 9, 0.5, "Nonsense", [], [1, 99]],
  n: [0, "1", 1.5, 2000],
  seed: [-1, 0.5, "1", 2 ** 53],
  first: [-1, 2 ** 32],
  guidance: ["4", -1, [1], [1, "2"], NaN],
  guidanceSchedule: ["cubic", 1],
  temperature: ["1", -1, [1, 2, 3], Infinity],
  topK: [-1, 0.5, "3"],
  topP: [0, 1.5, "1"],
  greedy: [1, "yes"],
  candidates: [0, 9, "2"],
  ...signal,
};

/** A class that there is not is named by itself. */
const asked = { optional: false, names: { classIds: /classIds|generate class|images/, n: /: (n|images)\b/ } };

/** The exports of the library. */
export function libraryRows(
  { backend, tokenizer, films, generator, transformer, batch, slot, ...made }: Fixtures,
): Record<string, Row> {
  const size = { width: 3, height: 2 };
  const sizes = argument(size, /width|height|size|bytes/, {
    wrong: [5, {}, [], ...[0, -1, 1.5, "3", 2 ** 40, NaN].map((width) => ({ ...size, width }))],
  });
  const filmTokens = { ...made.tokens, grid: [1, 1, 2] as const };
  const shape = [1, 2], finished = { ...slot, count: slot.tokens.length };
  const generations = (
    good: object,
    wrong: readonly unknown[],
  ) => [5, {}, "x", { ...good, tokens: [1, 2] }, { ...good, classId: 99 }, { ...good, seed: -1 }, ...wrong];
  const own = { backend, weights: "f32" as const };
  const loader = (
    load: (source: library.ModelSource, options: object) => unknown,
    fields = loading,
  ): Row => ({
    args: [source(smallModel), options(own, fields)],
    call: load,
  });
  return {
    "Tokenizer.load": loader((source, options) => Tokenizer.load(source, options)),
    "Generator.load": loader((source, options) => Generator.load(source, options), {
      ...loading,
      ...{ tokenizer: [5, {}, []] },
    }),
    "Transformer.load": loader((source, options) => Transformer.load(source, options)),
    "Tokenizer.fromWeights": {
      args: [model(made.tokenizerModel), options({ backend }, runtime)],
      call: (model, options) => Tokenizer.fromWeights(model, options),
    },
    "Transformer.fromWeights": {
      args: [model(made.transformerModel), options(own, runtime)],
      call: (model, options) => Transformer.fromWeights(model, options),
    },
    "Generator.fromWeights": {
      args: [
        argument(
          { transformer: made.transformerModel, tokenizer: made.tokenizerModel },
          /model|sampling|classNames/,
          {
            wrong: [
              ...[5, {}, [], { transformer: made.transformerModel }, { tokenizer: made.tokenizerModel }],
              ...[{ classNames: ["a"] }, { classNames: 5 }, { sampling: 5 }, { sampling: { topK: 1 } }].map((
                more,
              ) => ({
                ...{ transformer: made.transformerModel, tokenizer: made.tokenizerModel },
                ...more,
              })),
            ],
          },
        ),
        options(own, runtime),
      ],
      call: (model, options) => Generator.fromWeights(model, options),
    },
    "Tokenizer#encode": {
      args: [image(made.image, { lists: true }), options({}, signal)],
      call: (image, options) => tokenizer.encode(image, options),
    },
    "Tokenizer#reconstruct": {
      args: [image(made.image, { lists: true }), options({}, signal)],
      call: (image, options) => tokenizer.reconstruct(image, options),
    },
    "Tokenizer#checkSize": {
      args: [sizes, options({}, { decode: [1, "yes"] })],
      call: (size, options) => tokenizer.checkSize(size, options),
    },
    "Tokenizer#decode": {
      args: [tokens(made.tokens, { lists: true }), options({}, signal)],
      call: (tokens, options) => tokenizer.decode(tokens, options),
    },
    "Tokenizer#encodeStream": {
      args: [
        argument([made.image, made.image], /frames|image|width|height|data/, {
          wrong: [5, {}, ["a.png"], [{ ...made.image, width: 0 }], "frames"],
          // No frames make no windows.
          except: garbage.filter((value) => value instanceof Map),
        }),
        options({}, signal),
      ],
      call: (frames, options) => Array.fromAsync(films.encodeStream(frames, options)),
    },
    "Tokenizer#decodeStream": {
      args: [
        argument([filmTokens], /windows|tokens|grid|codebookSize|data/, {
          wrong: [5, {}, [5], [made.tokens], [{ ...filmTokens, codebookSize: 5 }], "tokens"],
          except: garbage.filter((value) => value instanceof Map),
        }),
        options({}, signal),
      ],
      call: (windows, options) => Array.fromAsync(films.decodeStream(windows, options)),
    },
    "Tokenizer#encodeTensor": {
      args: [
        tensor(f32Tensor([1, 3, 4, 8]), [[], [3, 4, 8], [1, 4, 8, 3], [1, 3, 5, 8], [0, 3, 4, 8], [
          1,
          1,
          4,
          8,
        ]]),
        options({}, signal),
      ],
      call: (tensor, options) => tokenizer.encodeTensor(tensor, options),
    },
    "Tokenizer#decodeTensor": {
      args: [
        tensor(u32Tensor([1, 1, 2], [3, 4]), [[], [2], [1, 1, 1], [0, 1, 2], [1, 1, 2, 18]]),
        options({}, signal),
      ],
      call: (tensor, options) => tokenizer.decodeTensor(tensor, options),
    },
    "Generator#generate": {
      args: [options({ classIds: 1 }, generation, asked)],
      call: (options) => generator.generate(aborted(options)),
    },
    "Generator#stream": {
      args: [options({ classIds: 1 }, { ...generation, everyRows: [-1, "1"] }, asked)],
      call: (options) => generator.stream(aborted(options)).next(),
    },
    "Generator#plan": {
      args: [options({ classIds: 1 }, generation, asked)],
      call: (options) => generator.plan(options),
    },
    "Generator#openBatch": {
      args: [
        options({ size: 1, guided: false }, { size: [0, "1", 5000], guided: [1, undefined] }, {
          optional: false,
        }),
      ],
      call: async (options) => void await (await generator.openBatch(options))[Symbol.asyncDispose](),
    },
    "Generator#likeliest": {
      args: [
        argument([finished], /candidate|image|count|classId|seed|tokens/, {
          wrong: [5, {}, [], ...generations(finished, [slot]).map((one) => [one])],
        }),
        options({}, signal),
      ],
      call: (candidates, options) => generator.likeliest(candidates, options),
    },
    "DecodeBatch#step": {
      args: [
        argument([slot], /slots|image|count|classId|seed|tokens|guidance|settings/, {
          wrong: [
            ...[5, {}, [slot, slot, slot]],
            ...generations(slot, [finished, { ...slot, settings: { ...slot.settings, guidance: [4, 4] } }])
              .map((one) => [undefined, one]),
          ],
          // A free slot.
          except: [emptyPlace],
        }),
        options({}, signal),
      ],
      call: (slots, options) => batch.step(Array.isArray(slots) ? slots.map(copied) : slots, options),
    },
    "Transformer#teacherForced": {
      args: [teacherForced()],
      call: (input) => transformer.teacherForced(input),
    },
    TokenEncoderStream: {
      args: [options({ count: 1 }, { count: [0, "1", 1.5, undefined] }, { optional: false })],
      call: (options) => void new library.TokenEncoderStream(options),
    },
    TokenDecoderStream: { args: [], call: () => void new library.TokenDecoderStream() },
    readImage: {
      args: [
        argument(shippedSample("ring"), /image/, { wrong: [5, {}, []] }),
        options({}, { maxPixels: [0, "1"], background: [5, [1, 2], [0, 0, 256]] }),
      ],
      call: (source, options) => library.readImage(source, options),
    },
    encodeImage: {
      args: [image(made.image), options({}, { format: ["bmp", 5], quality: [101, -1, "9"] })],
      call: (image, options) => library.encodeImage(image, options),
    },
    createImage: {
      args: [
        sizes,
        argument(new Uint8Array(18), /bytes|data|numbers/, {
          wrong: [5, "x", [], {}, new Uint8Array(17), new Array(18), new Array(18).fill(256)],
          same: formsOf(new Array(18).fill(0)),
          optional: true,
        }),
      ],
      call: (size, data) => library.createImage(size, data),
    },
    resize: { args: [image(made.image), sizes], call: (image, size) => library.resize(image, size) },
    resizeShorterSide: {
      args: [image(made.image), number(2, /size/, [0, 1.5, Infinity])],
      call: (image, size) => library.resizeShorterSide(image, size),
    },
    centerCrop: {
      args: [image(made.image), number(2, /size|crop/, [0, 1.5, 99])],
      call: (image, size) => library.centerCrop(image, size),
    },
    psnr: {
      args: [image(made.image), image(made.image)],
      call: (a, b) => library.psnr(a, b),
    },
    toImageData: { args: [image(made.image)], call: (image) => library.toImageData(image) },
    images: {
      args: [
        path("folder", /images/),
        options({}, { onDamaged: [5, {}], maxPixels: [0, "1"], background: [5] }),
      ],
      call: (folder, options) => void library.images(folder, options),
    },
    readTokens: {
      args: [argument(tokensFile(made.tokens), /read tokens/, { wrong: [5, {}, []] })],
      call: (source) => library.readTokens(source),
    },
    ...Object.fromEntries(
      (["tokensToJson", "tokensToNpz"] as const).map((name): [string, Row] => {
        const { good, wrong, same } = tokens(made.tokens);
        const lists = wrong.map(([value, names]) => [value === null ? value : [value], names] as const);
        return [name, {
          args: [{
            good: [good],
            wrong: [...lists, [[], /tokens/], [5, /tokens/]],
            same: same!.map((one) => [one]),
          }],
          call: (all) => library[name](all),
        }];
      }),
    ),
    f32Tensor: {
      args: [
        argument(shape, /shape/, { wrong: [5, "12", {}, [-1], [1.5], ["1"], [2 ** 40]] }),
        argument(Float32Array.of(1, 2), /tensor/, {
          wrong: [
            "12",
            5,
            {},
            [1, "2"],
            [1, 0.1],
            [1],
            new Float64Array([1, 1e300]),
            new DataView(new ArrayBuffer(8)),
          ],
          same: formsOf([1, 2]),
          optional: true,
        }),
      ],
      call: (shape, data) => library.f32Tensor(shape, data),
    },
    u32Tensor: {
      args: [
        argument(shape, /shape/, { wrong: [5, "12", {}, [-1], [1.5], ["1"], [2 ** 40]] }),
        argument(Uint32Array.of(1, 2), /tensor/, {
          wrong: wrongWords(2).filter((data) => data !== undefined),
          same: formsOf([1, 2]),
          optional: true,
        }),
      ],
      call: (shape, data) => library.u32Tensor(shape, data),
    },
    paperSettings: { args: [number(768, /dim/, [0, 1.5])], call: (dim) => library.paperSettings(dim) },
  };
}

/** A slot that a step may change. */
function copied(slot: unknown): unknown {
  if (!record.fits(slot)) return slot;
  const { tokens } = slot as { tokens?: unknown };
  return { ...slot as object, ...tokens instanceof Uint32Array && { tokens: tokens.slice() } };
}

/** Options with a signal that is aborted, so that nothing is generated where they are right. */
function aborted<Options>(options: Options): Options {
  if (
    !record.fits(options) || options instanceof Promise ||
    (options as { signal?: unknown }).signal !== undefined
  ) return options;
  return { ...options, signal: AbortSignal.abort(new library.VokenError("Cannot wait")) };
}

function tokensFile(one: library.Tokens): Uint8Array {
  return library.tokensToNpz([one]);
}

function teacherForced(): Argument {
  const positions = 64,
    good = {
      classIds: [9],
      pre: new Uint32Array(positions).fill(63),
      post: new Uint32Array(positions).fill(7),
    };
  const { wrong } = options(good, {
    classIds: [undefined, 5, "9", [], [10], [-1], [0.5], ["Flags"]],
    pre: [...wrongWords(positions), new Uint32Array(positions).fill(64)],
    post: [...wrongWords(positions), new Uint32Array(positions).fill(4096)],
    ...signal,
  }, { optional: false });
  const same = [
    ...formsOf([...good.pre]).map((pre) => ({ ...good, pre })),
    ...formsOf([...good.post]).map((post) => ({ ...good, post })),
    ...formsOf(good.classIds).map((classIds) => ({ ...good, classIds })),
  ];
  return { good, wrong, same };
}
