import * as ort from "onnxruntime-web";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { concat } from "../../src/io/concat.ts";
import type { TokenizerModel } from "../../src/models/tokenizer_weights.ts";
import { transformerShapes } from "../../src/models/transformer_weights.ts";
import { teacherForcedGraph } from "../../src/networks/transformer/network.ts";
import type { OnnxModel } from "../../src/onnx/model.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { decoderOnnx, encoderOnnx } from "../../src/tokenizer/onnx.ts";
import { stepOnnx, teacherForcedOnnx } from "../../src/transformer/onnx.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed, hashedWeight } from "../golden/hashed.ts";
import { hashedModel } from "../golden/tokenizer_golden.ts";
import { tinyTransformer as config } from "../transformer/tiny.ts";

const test = suite("ONNX files in ONNX Runtime");
ort.env.wasm.numThreads = 1;

/** A golden, the input that it was made with, and its model. Its images have none of the sizes of the export's traces. */
async function opened(name: string): Promise<{
  tensor: (name: string) => HostTensor;
  input: { name: string; shape: number[] };
  model: TokenizerModel;
}> {
  const golden = await readGolden(name);
  return { tensor: golden.tensor, input: JSON.parse(golden.metadata.input!), model: hashedModel(golden) };
}

type Values = Readonly<Record<string, ort.Tensor>>;

/** Opens a model from its bytes or, if `external`, from two files. */
async function open(
  model: OnnxModel,
  { external = false } = {},
): Promise<(inputs: Values) => Promise<Values>> {
  const options = { executionProviders: ["wasm"], logSeverityLevel: 3 } as const;
  const session = external
    ? await ort.InferenceSession.create(
      concat(await Array.fromAsync(model.pieces({ external: "weights" }))),
      {
        ...options,
        externalData: [{ path: "weights", data: concat(await Array.fromAsync(model.externalPieces())) }],
      },
    )
    : await ort.InferenceSession.create(await model.bytes(), options);
  return (inputs) => session.run(inputs);
}

const f32 = (data: Float32Array, shape: readonly number[]) => new ort.Tensor("float32", data, shape);
const i64 = (data: ArrayLike<number>, shape: readonly number[]) =>
  new ort.Tensor("int64", BigInt64Array.from(Array.from(data), BigInt), shape);
const numbers = ({ data }: ort.Tensor) => Array.from(data as ArrayLike<number>, Number);

for (const golden of ["image_tiny", "image_small", "image_rect"]) {
  for (const external of [false, true]) {
    test(`encoder and decoder of ${golden}, ${external ? "two files" : "one file"} each, take any size`, async () => {
      const { tensor, input, model } = await opened(golden);
      const encode = await open(encoderOnnx(model), { external });
      const { z, tokens } = await encode({ x: f32(hashed(input.name, input.shape), input.shape) });
      const wanted = tensor("tokens");
      assert.equal(tokens!.dims, wanted.shape);
      assert.equal(numbers(tokens!), [...wanted.data]);
      assert.ok(nmse(z!.data as Float32Array, tensor("z").data) <= 1e-6);
      const decode = await open(decoderOnnx(model), { external });
      const { x } = await decode({ tokens: i64(wanted.data, wanted.shape) });
      assert.ok(nmse(x!.data as Float32Array, tensor("reconstruction").data) <= 1e-6);
    });
  }
}

test("in f16, encoder and decoder give about the same", async () => {
  const { tensor, input, model } = await opened("image_tiny");
  const encode = await open(encoderOnnx(model, { dtype: "f16" }));
  const { z } = await encode({ x: f32(hashed(input.name, input.shape), input.shape) });
  assert.ok(nmse(z!.data as Float32Array, tensor("z").data) <= 1e-4);
  const decode = await open(decoderOnnx(model, { dtype: "f16" })), tokens = tensor("tokens");
  const { x } = await decode({ tokens: i64(tokens.data, tokens.shape) });
  assert.ok(nmse(x!.data as Float32Array, tensor("reconstruction").data) <= 1e-4);
});

const shapes = transformerShapes(config);
const source = { shapes, read: (name: string) => Promise.resolve(hashedWeight(name, shapes.get(name)!)) };

test("the transformer over all positions gives our logits", async () => {
  const n = 2, shape = [n, config.grid ** 2], graph = teacherForcedGraph(config, { n });
  const words = (name: string, bits: number) =>
    u32Tensor(shape, Uint32Array.from(hashed(name, shape), (u) => Math.floor((u + 1) / 2 * 2 ** bits)));
  const inputs = {
    classes: u32Tensor([n], Uint32Array.of(3, config.classes)),
    pre: words("pre", config.bits[0]),
    post: words("post", config.bits[1]),
  };
  await using backend = new ReferenceBackend(), weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const expected = await program.run(inputs);
  for (const [dtype, most] of [["f32", 1e-9], ["f16", 1e-3]] as const) {
    const actual = await (await open(teacherForcedOnnx({ config, source }, { dtype, n })))(
      Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, i64(data, shape)])),
    );
    for (const name of ["logits_pre", "logits_post"]) {
      const error = nmse(actual[name]!.data as Float32Array, expected[name]!.data);
      assert.ok(error <= most, `${name} in ${dtype}: ${error}`);
    }
  }
});

test("steps that hand on their caches sample our tokens", async () => {
  const n = 2, rows = 2 * n, graph = stepGraph(config, { n, guided: true, logits: true });
  await using backend = new ReferenceBackend(), weights = await backend.load(source, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const model = stepOnnx({ config, source }, { n }), run = await open(model);
  const filled = (value: number) => f32Tensor([n], new Float32Array(n).fill(value));
  const given: Record<string, HostTensor> = {
    classes: u32Tensor([rows], Uint32Array.of(1, 2, config.classes, config.classes)),
    key: u32Tensor([n, 2], Uint32Array.of(7, 0, 4294967295, 8)),
    ...Object.fromEntries(["pre", "post"].flatMap((name) => [
      [`temperature_${name}`, filled(1.3)],
      [`top_k_${name}`, u32Tensor([n], Uint32Array.of(0, 5))],
      [`top_p_${name}`, filled(0.9)],
      [`guidance_${name}`, filled(2)],
    ])),
  };
  const caches = model.inputs.filter(({ name }) => name.endsWith(".cache"));
  assert.is(caches.length, config.layers, "caches of the factorized blocks need no input");
  let state: Values = Object.fromEntries(caches.map(({ name, shape }) => {
    const lengths = shape as number[];
    return [name, f32(new Float32Array(lengths.reduce((a, b) => a * b, 1)), lengths)];
  }));
  let last: Record<string, HostTensor> = { pre: u32Tensor([rows]), post: u32Tensor([rows]) };
  const seen = new Set<number>();
  for (let position = 0; position < config.grid ** 2; position++) {
    const inputs = {
      ...given,
      pre: last.pre!,
      post: last.post!,
      position: u32Tensor([rows], new Uint32Array(rows).fill(position)),
      counter: u32Tensor([n, 4], Uint32Array.of(position, 0, 1, 2, position, 5, 4000000000, 3)),
    };
    last = await program.run(inputs);
    const feeds = Object.entries(inputs).map(([name, { data, shape }]) =>
      [name, data instanceof Float32Array ? f32(data, shape) : i64(data, shape)] as const
    );
    const outputs = await run({ ...Object.fromEntries(feeds), ...state });
    state = Object.fromEntries(caches.map(({ name }) => [name, outputs[`${name}.next`]!]));
    for (const name of ["pre", "post"]) {
      assert.equal(numbers(outputs[`${name}.next`]!), [...last[name]!.data]);
    }
    for (const token of last.post!.data) seen.add(token);
  }
  assert.ok(seen.size > 3, "the tokens differ");
});

test.run();
