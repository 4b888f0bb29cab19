import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chooseBackend, createBackend } from "../../src/backend/select.ts";
import { isSoftware } from "../../src/backend/webgpu/adapter.ts";
import { ArgumentError, BackendError } from "../../src/tensor/errors.ts";

const test = suite("the choice of a backend");

function info(parts: Partial<GPUAdapterInfo>): GPUAdapterInfo {
  return {
    vendor: "",
    architecture: "",
    device: "",
    description: "",
    isFallbackAdapter: false,
    ...parts,
  } as GPUAdapterInfo;
}

test("auto takes a GPU, and WASM where there is none or only software", () => {
  assert.is(chooseBackend(undefined).name, "wasm");
  assert.equal(chooseBackend({ name: "llvmpipe", software: true }), {
    name: "wasm",
    reason: "the WebGPU adapter, llvmpipe, is software",
  });
  assert.is(chooseBackend({ name: "Radeon", software: false }).name, "webgpu");
});

test("software adapters are known by what they say and by their names", () => {
  assert.ok(isSoftware(info({ isFallbackAdapter: true })));
  assert.ok(isSoftware(info({ description: "llvmpipe (LLVM 15.0.6, 256 bits)" })));
  assert.ok(isSoftware(info({ vendor: "google", architecture: "swiftshader" })));
  assert.not(isSoftware(info({ vendor: "nvidia", architecture: "ampere" })));
});

test("a backend can be forced, and an unknown one is refused", async () => {
  for (const name of ["webgpu", "wasm", "reference"] as const) {
    await using backend = await createBackend(name);
    assert.is(backend.name, name);
  }
  try {
    await createBackend("cuda" as "wasm");
    assert.unreachable("it was made");
  } catch (error) {
    assert.instance(error, ArgumentError);
    assert.match((error as Error).message, "auto, webgpu, wasm, ort, reference");
  }
});

test("without ONNX Runtime, ort says how to install it", async () => {
  const refused = await createBackend("ort").then(() => undefined, (error: unknown) => error);
  assert.instance(refused, BackendError);
  assert.match((refused as Error).message, "got none; run npm install onnxruntime-web");
});

test.run();
