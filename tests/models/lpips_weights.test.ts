import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { input } from "../../src/graph/build.ts";
import { graphOf } from "../../src/graph/trace.ts";
import { nchwToNhwc } from "../../src/image/pixels.ts";
import { Scope } from "../../src/nn/scope.ts";
import { lpips, lpipsShapes } from "../../src/networks/lpips.ts";
import { convertLpips, openLpips } from "../../src/models/lpips_weights.ts";
import { writeSafetensors } from "../../src/io/safetensors/write.ts";
import { type Shape, stridesOf } from "../../src/tensor/shape.ts";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { dict, legacyFile, legacyStorage, pickle, storage, tensor } from "../io/torch/pickles.ts";
import { refused } from "../io/support.ts";
import { torchZip } from "../io/zip/zips.ts";
import { nmse, readGolden } from "../golden/golden.ts";
import { hashed, hashedLpipsWeight } from "../golden/hashed.ts";
import { runOnce } from "../train/backends.ts";
import { temporaryFolder } from "../data/support.ts";

const test = suite("LPIPS's weights from files");

type Values = Readonly<Record<string, { shape: Shape; data: Float32Array<ArrayBuffer> }>>;

/** The two files as PyTorch writes them: VGG16's in the old format, the linear weights in a zip. */
function vggFile(values: Values): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(values);
  const top = entries.map(([name, { shape, data }], i) => [
    name,
    tensor({ shape, strides: stridesOf(shape), from: legacyStorage({ key: `${i}`, elements: data.length }) }),
  ]);
  const storages = Object.fromEntries(entries.map(([, { data }], i) => [i, data]));
  return legacyFile(dict(Object.fromEntries(top)), storages);
}

function linearFile(values: Values): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(values);
  const top = entries.map(([name, { shape, data }], i) => [
    name,
    tensor({ shape, strides: stridesOf(shape), from: storage({ key: `${i}`, elements: data.length }) }),
  ]);
  const storages = Object.fromEntries(entries.map(([, { data }], i) => [i, new Uint8Array(data.buffer)]));
  return torchZip(pickle(dict(Object.fromEntries(top))), storages);
}

/** The golden's weights, by the names of torchvision and LPIPS. */
function goldenWeights(): { vgg: Values; linear: Values } {
  const all = [...lpipsShapes].map(([name, shape]) => {
    return [name.replace(/^net\.slice\d\./, "features."), {
      shape,
      data: hashedLpipsWeight(name, shape),
    }] as const;
  });
  const isLinear = ([name]: readonly [string, unknown]) => name.startsWith("lin");
  return {
    vgg: Object.fromEntries(all.filter((entry) => !isLinear(entry))) as Values,
    linear: Object.fromEntries(all.filter(isLinear)) as Values,
  };
}

test("files as torchvision and LPIPS have them give the golden's distance, converted as well", async () => {
  await using folder = await temporaryFolder();
  const [vgg, linear, both] = ["vgg16.pth", "vgg.pth", "lpips.safetensors"].map((name) =>
    `${folder.path}/${name}`
  ) as [string, string, string];
  const weights = goldenWeights();
  const classifier = { "classifier.0.bias": { shape: [2], data: Float32Array.of(1, 2) } };
  await Deno.writeFile(vgg, vggFile({ ...weights.vgg, ...classifier }));
  await Deno.writeFile(linear, linearFile(weights.linear));
  assert.equal(await convertLpips([linear, vgg], both), { tensors: 31 });

  const golden = await readGolden("lpips_vgg16");
  const size = JSON.parse(golden.metadata.shape!);
  const image = (name: string) => nchwToNhwc(f32Tensor(size, hashed(golden.metadata[name]!, size)));
  const [a, b] = ["a", "b"].map((name) => input(name, { shape: image(name).shape, dtype: "f32" }));
  const graph = graphOf({ distance: lpips(new Scope("some.path"), a!, b!) });
  await using backend = new WasmBackend({ threads: 2, training: trainingKernels });
  // A training checkpoint has them below a prefix, beside the tokenizer.
  const checkpoint = `${folder.path}/checkpoint.safetensors`;
  await using converted = await openLpips([both]);
  await writeSafetensors(checkpoint, {
    tensors: [
      { name: "encoder.conv_in.weight", dtype: "f32", shape: [1], data: () => new Uint8Array(4) },
      ...[...lpipsShapes].map(([name, shape]) => ({
        name: `loss.perceptual_loss.${name}`,
        dtype: "f32" as const,
        shape,
        data: async () => new Uint8Array((await converted.read(name)).buffer),
      })),
    ],
  });
  for (const paths of [[vgg, linear], [both], [checkpoint]]) {
    await using source = await openLpips(paths, { prefix: "some.path." });
    const { distance } = await runOnce(backend, graph, { a: image("a"), b: image("b") }, source);
    const error = nmse(distance!.data, golden.tensor("distance").data);
    assert.ok(error <= 1e-6, `${paths}: NMSE ${error}`);
  }

  // Half of it, and another network.
  await refused(() => openLpips([vgg]), /no lin0.model.1.weight.*no lin4.*; give torchvision's vgg16/);
  await refused(() => openLpips([linear]), /VGG16's 26 weights.*no net.slice1.0.weight.* and 20 more/);
  const wrong = { ...weights.linear, "lin3.model.1.weight": weights.linear["lin0.model.1.weight"]! };
  await Deno.writeFile(linear, linearFile(wrong));
  await refused(() => openLpips([vgg, linear]), /got lin3.model.1.weight \[1,64,1,1\], not \[1,512,1,1\];/);
});

test.run();
