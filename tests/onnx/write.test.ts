import { suite } from "uvu";
import * as assert from "uvu/assert";
import { OnnxModel } from "../../src/onnx/model.ts";
import { writeOnnx } from "../../src/onnx/write.ts";
import { scratch } from "../cli/support.ts";
import { readModel } from "./read_model.ts";

const test = suite("writing ONNX models");

const values = Float32Array.from({ length: 300 }, (_, i) => i);
const info = { name: "y", type: "f32", shape: [300] } as const;
const parts = {
  inputs: [],
  outputs: [info],
  nodes: [{ op: "Identity", inputs: ["w"], outputs: ["y"], attributes: {} }],
  initializers: [{ ...info, name: "w", data: () => new Uint8Array(values.buffer) }],
};

/** A model that is too large for one file, for a test. */
class LargeModel extends OnnxModel {
  override get needsExternalData(): boolean {
    return true;
  }
}

test("a small model is one file", async () => {
  using folder = scratch();
  assert.equal(await writeOnnx(folder.at("m.onnx"), new OnnxModel(parts)), [folder.at("m.onnx")]);
  assert.equal(folder.files(), ["m.onnx"]);
  assert.is(readModel(Deno.readFileSync(folder.at("m.onnx"))).initializers.get("w")!.raw, 1200);
});

test("a large one is two, of which the first names the second", async () => {
  using folder = scratch();
  await writeOnnx(folder.at("m.onnx"), new LargeModel(parts));
  assert.equal(folder.files(), ["m.onnx", "m.onnx.data"]);
  const { external } = readModel(Deno.readFileSync(folder.at("m.onnx"))).initializers.get("w")!;
  assert.equal(external, { location: "m.onnx.data", offset: "0", length: "1200" });
  assert.equal(new Float32Array(Deno.readFileSync(folder.at("m.onnx.data")).buffer), values);
});

test("what was there stays if a weight cannot be read", async () => {
  using folder = scratch();
  await writeOnnx(folder.at("m.onnx"), new OnnxModel(parts));
  const before = Deno.readFileSync(folder.at("m.onnx"));
  const broken = { ...parts.initializers[0]!, data: () => Promise.reject(new Error("gone")) };
  for (const Model of [OnnxModel, LargeModel]) {
    const written = writeOnnx(folder.at("m.onnx"), new Model({ ...parts, initializers: [broken] }));
    assert.match(String(await written.catch((error: Error) => error.message)), "gone");
  }
  assert.equal(folder.files(), ["m.onnx"]);
  assert.equal(Deno.readFileSync(folder.at("m.onnx")), before);
});

test.run();
