import { suite } from "uvu";
import * as assert from "uvu/assert";
import { chooseVariant, detectFeatures, type Features } from "../../src/backend/wasm/features.ts";
import { createMachine } from "../../src/backend/wasm/machine.ts";
import type { Spawn } from "../../src/backend/wasm/spawn.ts";
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

test("without workers one thread computes, the caller's own", async () => {
  const features: Features = { ...detectFeatures(), workers: false };
  await using backend = new WasmBackend({}, createMachine({ threads: 1 }, { features }));
  assert.is(backend.threads, 1);
  assert.is.not(backend.variant, "threads");
  await checkTokenizerGolden(backend, "image_tiny");
});

test("several threads wanted where there are none are refused", () => {
  assert.throws(
    () => createMachine({ threads: 4 }, { features: { ...all, sharedMemory: false } }),
    (error: unknown) => error instanceof BackendError && /4 threads.*COOP and COEP/.test(error.message),
  );
});

/** Workers as where a page's policy forbids them: some hosts throw, others report it later. */
const forbidden: Record<string, Spawn> = {
  "throws at once": () => {
    throw new Error("forbidden");
  },
  "reports it later": (_data, { ended }) => {
    setTimeout(() => ended("forbidden"), 5);
    return { hold: () => {}, terminate: () => Promise.resolve() };
  },
};

for (const [how, spawn] of Object.entries(forbidden)) {
  test(`where no worker starts, which ${how}, the caller's thread computes`, async () => {
    await using backend = new WasmBackend({}, createMachine({}, { spawn }));
    await checkTokenizerGolden(backend, "image_tiny");
    assert.is(backend.threads, 1);
    await checkTokenizerGolden(backend, "image_tiny");
  });

  test(`where no worker starts, which ${how}, several threads are refused`, async () => {
    await using backend = new WasmBackend({}, createMachine({ threads: 2 }, { spawn }));
    await checkTokenizerGolden(backend, "image_tiny").then(() => assert.unreachable(), (error) => {
      assert.instance(error, BackendError);
      assert.match(error.message, "forbidden");
    });
  });
}

test("this engine runs what the tests run on: SIMD", () => {
  assert.ok(detectFeatures().simd);
});

test.run();
