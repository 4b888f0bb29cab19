import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { openCheckpoint } from "../../src/models/open.ts";
import { tokenizerWeights } from "../../src/models/tokenizer_weights.ts";
import { nchwToNhwc } from "../../src/image/pixels.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { goldenPath, readAll, refused } from "./support.ts";

const test = suite("checkpoints as PyTorch writes them");

test("dtypes.pth: every dtype, views, shared storages, scalar, empty, Parameter", async () => {
  const actual = await readAll(goldenPath("dtypes.pth"));
  const expected = await readAll(goldenPath("dtypes.safetensors"));
  assert.equal(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) assert.equal([...actual[name]!], [...values], name);
  await using checkpoint = await openCheckpoint(goldenPath("dtypes.pth"));
  const kinds = Object.fromEntries(
    checkpoint.tensors.entries().map(([name, { dtype, shape }]) => [name, `${dtype} ${shape}`]),
  );
  assert.equal(kinds, {
    f32: "f32 4,6",
    transposed_view: "f32 6,4",
    slice_view: "f32 2,3",
    f16: "f16 4,6",
    bf16: "bf16 4,6",
    f64: "f64 4,6",
    i64: "i64 5",
    i32: "i32 5",
    u8: "u8 5",
    bool: "bool 2",
    scalar: "f32 ",
    empty: "f32 0,3",
    parameter: "f32 2",
    shared_a: "f32 6",
    shared_b: "f32 6",
  });
});

for (const raw of [false, true]) {
  const kind = raw ? "raw" : "ema";
  test(`lightning_tiny.ckpt: the ${kind} weights give what PyTorch gave`, async () => {
    const golden = await readGolden("lightning_tiny");
    await using checkpoint = await openCheckpoint(goldenPath("lightning_tiny.ckpt"));
    const weights = tokenizerWeights(checkpoint, { raw });
    assert.is(weights.kind, kind);
    assert.equal(weights.config, {
      kind: "image",
      ch: 32,
      chMult: [1, 1],
      numResBlocks: 1,
      zChannels: 4,
      inChannels: 3,
      outChannels: 3,
    });
    for (const name of ["encoder.conv_in.weight", "decoder.adaptive.0.gamma.bias"]) {
      assert.equal(await weights.source.read(name), golden.tensor(`${kind}.${name}`).data, name);
    }
    const { config, source } = weights;
    const extent = { n: 1, height: 16, width: 16 };
    const graphs = [encodeGraph(config, extent), decodeGraph(config, extent)] as const;
    await using backend = new WasmBackend({ threads: 1 });
    await using loaded = await backend.load(source, { graphs });
    await using encode = await backend.compile(graphs[0], loaded);
    await using decode = await backend.compile(graphs[1], loaded);
    const x = nchwToNhwc(f32Tensor([1, 3, 16, 16], hashed("lightning_tiny.input", [1, 3, 16, 16])));
    const { z, tokens } = await encode.run({ x });
    const { x: image } = await decode.run({ tokens: tokens! });
    for (const [name, actual] of [["z", z], ["reconstruction", image]] as const) {
      const expected = nchwToNhwc(golden.tensor(`${kind}.${name}`) as ReturnType<typeof f32Tensor>);
      const error = nmse(actual!.data, expected.data);
      assert.ok(error <= 1e-6, `NMSE of ${name}: ${error}`);
    }
  });
}

test("lightning_tiny.ckpt says its epoch, step and version", async () => {
  await using checkpoint = await openCheckpoint(goldenPath("lightning_tiny.ckpt"));
  const { metadata } = checkpoint;
  assert.equal(metadata, { epoch: "3", global_step: "1234", "pytorch-lightning_version": "2.2.0" });
});

test("a file of the format before PyTorch 1.6 holds its tensors behind the pickles", async () => {
  assert.equal(await readAll(goldenPath("legacy_not_zip.pth")), { a: Float32Array.of(1, 1, 1) });
});

test("the truncated and the hostile file are refused, each saying why", async () => {
  const open = (name: string) => () => openCheckpoint(goldenPath(name));
  await refused(open("truncated.ckpt"), /the directory of the zip.*truncated/);
  const printed: unknown[] = [];
  const { log } = console;
  console.log = (...items) => printed.push(items);
  try {
    await refused(open("calls_print.ckpt"), /"__builtin__\.print".*do not trust it/);
  } finally {
    console.log = log;
  }
  assert.equal(printed, []);
});

test.run();
