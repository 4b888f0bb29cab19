import * as advanced from "../../src/advanced.ts";
import * as edge from "../../src/service/edge.ts";
import * as service from "../../src/service/mod.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { smallModel } from "../support/small_model.ts";
import { argument, image, options, path, type Row, source } from "./argument.ts";
import type { Fixtures } from "./fixtures.ts";
import { model, tensor } from "./library_rows.ts";

const signal = { signal: [5, {}, new AbortController()] };
const fetching = { ...signal, onProgress: [5, {}], cache: [1, "no"] };
const writing = { ...signal, fileSystem: [5, "disk"] };
const dtype = { dtype: ["f64", 5] };

/** The exports of `advanced`. */
export function advancedRows(made: Fixtures): Record<string, Row> {
  const x = f32Tensor([1, 3, 4, 8]), graph = advanced.decoderOnnx(made.tokenizerModel);
  const checkpoint = (good: object) =>
    argument(good, /checkpoint/, {
      wrong: [5, "emoji-64", {}, [], { ...good, read: 5 }, { ...good, tensors: {} }],
    });
  const into = { into: [5, [], new Float64Array(999), new Float32Array(1)] };
  const layout = ["HWC", 5];
  return {
    createBackend: {
      args: [
        argument("reference", /backend/, { wrong: ["webgl", 5, {}, []], optional: true }),
        options({}, { threads: [0, "2", 1000], training: [5] }),
      ],
      call: (name, options) => advanced.createBackend(name, options),
    },
    OrtBackend: {
      args: [
        options(
          { runtime: { env: {}, InferenceSession: { create() {} } } },
          { runtime: [undefined, {}, 5], threads: [0, "2"], executionProviders: [5, [5]] },
          { optional: false },
        ),
      ],
      call: (options) => void new advanced.OrtBackend(options),
    },
    WebGpuBackend: {
      args: [
        options({}, {
          ...{
            device: [5, "gpu"],
            keepWeights: [1],
            activations: ["q8"],
            training: [5],
            flopPerSubmit: [0, "1"],
          },
        }),
        options({}, { tiling: [5], open: [5], limits: [5], guarded: [1] }),
      ],
      call: (options, parts) => void new advanced.WebGpuBackend(options, parts),
    },
    openCheckpoint: {
      args: [source(smallModel), options({}, fetching)],
      call: (source, options) => advanced.openCheckpoint(source, options),
    },
    inspectCheckpoint: {
      args: [source(smallModel), options({}, fetching)],
      call: (source, options) => advanced.inspectCheckpoint(source, options),
    },
    convertCheckpoint: {
      args: [
        source(smallModel),
        path("converted", /folder/),
        options({}, { ...writing, dtype: ["q4", 5], raw: [1], prefix: [5], inflate: [1], onProgress: [5] }),
      ],
      call: (source, folder, options) => advanced.convertCheckpoint(source, folder, options),
    },
    inflateTokenizer: {
      args: [model(made.tokenizerModel)],
      call: (model) => void advanced.inflateTokenizer(model),
    },
    convertTransformer: {
      args: [
        source(smallModel),
        path(".", /folder/),
        options({}, {
          ...writing,
          weights: ["q5", 5],
          heads: [0, "4"],
          grid: [0.5],
          prefix: [5],
          onProgress: [5],
        }),
      ],
      call: (source, folder, options) => advanced.convertTransformer(source, folder, options),
    },
    tokenizerWeights: {
      args: [checkpoint(made.checkpoint), options({}, { raw: [1], prefix: [5] })],
      call: (checkpoint, options) => void advanced.tokenizerWeights(checkpoint, options),
    },
    transformerWeights: {
      args: [
        checkpoint(made.transformerCheckpoint),
        options({ heads: 4, grid: 8 }, { heads: [0, "4"], grid: [0], prefix: [5] }),
      ],
      call: (checkpoint, options) => void advanced.transformerWeights(checkpoint, options),
    },
    encoderOnnx: {
      args: [model(made.tokenizerModel), options({}, dtype)],
      call: (model, options) => void advanced.encoderOnnx(model, options),
    },
    decoderOnnx: {
      args: [model(made.tokenizerModel), options({}, dtype)],
      call: (model, options) => void advanced.decoderOnnx(model, options),
    },
    stepOnnx: {
      args: [model(made.transformerModel), options({}, { ...dtype, n: [0, "1"] })],
      call: (model, options) => void advanced.stepOnnx(model, options),
    },
    teacherForcedOnnx: {
      args: [model(made.transformerModel), options({}, { ...dtype, n: [0, "1"] })],
      call: (model, options) => void advanced.teacherForcedOnnx(model, options),
    },
    exportOnnx: {
      args: [
        argument({ tensors: [], outputs: {}, effects: [] }, /graph/, {
          wrong: [5, "graph", {}, [], { tensors: [{}], outputs: {}, effects: [] }],
        }),
        argument({ read() {} }, /weights/, { wrong: [5, "weights", {}, [], { read: 5 }] }),
        options({}, { ...dtype, channelsFirst: [5, [5]], resized: [5, {}], axes: [5, { x: 5 }] }),
      ],
      call: (graph, weights, options) => void advanced.exportOnnx(graph, weights, options),
    },
    "OnnxModel#bytes": { args: [], call: () => graph.bytes() },
    "OnnxModel#pieces": {
      args: [options({}, { external: [5, "", []] })],
      call: async (options) => void await graph.pieces(options).next(),
    },
    "OnnxModel#externalPieces": { args: [], call: async () => void await graph.externalPieces().next() },
    writeOnnx: {
      args: [
        path("model.onnx", /path/),
        argument(graph, /model/, { wrong: [5, "model", {}, []] }),
        options({}, writing),
      ],
      call: (path, model, options) => advanced.writeOnnx(path, model, options),
    },
    imagesToTensor: {
      args: [
        argument([made.image], /image|bytes|width/, {
          wrong: [5, {}, [], [5], [{}], [made.image, { width: 1 }]],
        }),
        options({}, { ...into, factor: [0, "2", 1.5], layout }),
      ],
      call: (images, options) => advanced.imagesToTensor(images, options),
    },
    tensorToImages: {
      args: [
        tensor(x, [[], [3, 4, 8], [1, 4, 8, 3], [1, 1, 4, 8], [1, 3, 0, 8]]),
        options({}, { layout, crop: [5, {}, { width: 99, height: 1 }, { width: 0, height: 1 }] }),
      ],
      call: (tensor, options) => advanced.tensorToImages(tensor, options),
    },
    nchwToNhwc: {
      args: [tensor(x, [[], [4, 8], [1, 3, 4, 8, 1]]), options({}, into)],
      call: (tensor, options) => advanced.nchwToNhwc(tensor, options),
    },
    nhwcToNchw: {
      args: [tensor(x, [[], [4, 8], [1, 3, 4, 8, 1]]), options({}, into)],
      call: (tensor, options) => advanced.nhwcToNchw(tensor, options),
    },
    contactSheet: {
      args: [
        nested(image(made.image)),
        options({}, { scale: [0, "2"], gap: [-1, 0.5], background: ["white", [1, 2]] }),
      ],
      call: (rows, options) => advanced.contactSheet(rows, options),
    },
  };
}

function nested({ good, wrong, same }: ReturnType<typeof image>): ReturnType<typeof image> {
  return {
    good: [[good]],
    wrong: wrong.map(([value, names]) => [[[value]], names] as const),
    same: same!.map((one) => [[one]]),
  };
}

/** The exports of `service` and `edge`. */
export function serviceRows({ tokenizer }: Fixtures): Record<string, Row> {
  const models = [{ name: "small", tokenizer }];
  const fields = {
    models: [undefined, 5, [], [5], [{ name: 5, tokenizer }], [{ name: "a" }], [{
      name: "a",
      tokenizer: {},
    }]],
    limits: [5, { maxPixels: 0 }, { maxPixel: 1 }],
    auth: [5, {}, { tokens: 5 }],
    rateLimit: [0, "1"],
    origins: ["*", [5]],
    trustProxy: [1],
  };
  return {
    createService: {
      args: [options({ models }, { ...fields, codecThreads: [0, "1"], pages: [1] }, { optional: false })],
      call: async (options) => void await service.createService(options)[Symbol.asyncDispose](),
    },
    serve: {
      args: [
        argument(undefined, /service/, { wrong: [5, {}, [], { fetch() {} }] }),
        options({ port: 0 }, {
          ...{ port: [-1, "80", 70000], hostname: [5], headersTimeout: [-1], requestTimeout: ["1"] },
          ...{ keepAliveTimeout: [0.5], maxConnections: [0] },
        }),
      ],
      call: (given, options) => service.serve(given, options),
    },
    createEdgeService: {
      args: [options({ models }, { ...fields, codecThreads: [1] }, { optional: false })],
      call: (options) => void edge.createEdgeService(options),
    },
    edgeBackend: { args: [], call: () => edge.edgeBackend() },
    kernelBytes: {
      args: [argument("simd", /variant/, { wrong: ["mmx", 5, {}, []] })],
      call: (variant) => edge.kernelBytes(variant),
    },
    provideKernels: {
      args: [
        argument("simd", /variant/, { wrong: ["mmx", 5, {}, []] }),
        argument(new WebAssembly.Module(emptyModule), /module/, { wrong: [5, "x", {}, [], emptyModule] }),
      ],
      // What is right would stay provided.
      call: (variant, module) =>
        variant === "simd" && isModule(module) || edge.provideKernels(variant, module),
    },
    provideCodecs: {
      args: [options({}, { png: [5, {}, emptyModule] }, { optional: false })],
      call: (codecs) => edge.provideCodecs(codecs),
    },
  };
}

/** A WebAssembly module without anything. */
const emptyModule: Uint8Array<ArrayBuffer> = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

function isModule(value: unknown): boolean {
  return value instanceof WebAssembly.Module;
}
