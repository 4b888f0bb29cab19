import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chooseVariant, detectFeatures, type Features } from "../../src/backend/wasm/features.ts";
import { createMachine } from "../../src/backend/wasm/machine.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { ArgumentError, BackendError } from "../../src/tensor/errors.ts";
import { checkTokenizerGolden } from "../golden/tokenizer_golden.ts";

const test = suite("features and variants");

const all: Features = { simd: true, relaxedSimd: true, sharedMemory: true, workers: true };

test("the best variant that an engine allows is taken", () => {
  const processors = 6;
  const choice = (features: Partial<Features>) => chooseVariant({ ...all, ...features }, { processors });
  assert.equal(choice({}), { variant: "threads", threads: 6 });
  assert.equal(choice({ sharedMemory: false }), { variant: "relaxed", threads: 1 });
  assert.equal(choice({ workers: false }), { variant: "relaxed", threads: 1 });
  assert.equal(choice({ relaxedSimd: false }), { variant: "simd", threads: 1 });
});

test("without SIMD the error says what to do", () => {
  assert.throws(
    () => createMachine({}, { features: { ...all, simd: false } }),
    (error: unknown) => error instanceof BackendError && /Chrome 91.*reference/.test(error.hint!),
  );
});

test("a variant that the engine lacks is refused, with the one that it has", () => {
  assert.throws(
    () => createMachine({ variant: "threads" }, { features: { ...all, workers: false } }),
    (error: unknown) => error instanceof BackendError && error.hint!.includes("relaxed"),
  );
});

test("numbers of threads that cannot be are refused", () => {
  for (const threads of [0, -1, 1.5, NaN, Infinity, 257]) {
    assert.throws(() => new WasmBackend({ threads }), (error: unknown) => error instanceof ArgumentError);
  }
  assert.throws(
    () => new WasmBackend({ threads: 2, variant: "simd" }),
    (error: unknown) => error instanceof ArgumentError,
  );
});

test("threads wanted where there are none become one, on the caller's thread", async () => {
  const features: Features = { ...detectFeatures(), workers: false };
  const options = { threads: 4 };
  await using backend = new WasmBackend(options, createMachine(options, { features }));
  assert.is(backend.threads, 1);
  assert.is.not(backend.variant, "threads");
  await checkTokenizerGolden(backend, "image_tiny");
});

test("this engine runs what the tests run on: SIMD", () => {
  assert.ok(detectFeatures().simd);
});

test.run();
