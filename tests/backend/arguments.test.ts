import fc from "fast-check";
import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { formsOf } from "../support/number_forms.ts";
import * as assert from "uvu/assert";
import { checkForms, checkWrong, openExample, run } from "./arguments.ts";

const test = suite("arguments of backends");

const backends = {
  reference: () => new ReferenceBackend(),
  wasm: () => new WasmBackend({ threads: 1, training: trainingKernels }),
};

for (const [name, open] of Object.entries(backends)) {
  test(`${name} gives the same for every list of the same numbers`, () => checkForms(open));
  test(`${name} refuses wrong arguments by name`, () => checkWrong(open));
}

test("whatever stands in the place of an index, both give the same or refuse it by name", async () => {
  await using first = await openExample(backends.reference);
  await using second = await openExample(backends.wasm);
  const numbers = fc.array(fc.oneof(fc.integer({ min: -1, max: 6 }), fc.double()), {
    minLength: 1,
    maxLength: 3,
  });
  const data = fc.oneof(
    numbers.chain((list) => fc.constantFrom(...formsOf(list))),
    fc.anything({ withTypedArray: true, withBigInt: true, withSparseArray: true, withNullPrototype: true }),
  );
  const tensor = fc.record({ dtype: fc.constant("u32"), shape: fc.constant([2]), data });
  await fc.assert(fc.asyncProperty(fc.oneof(tensor, fc.anything()), async (index) => {
    const outcomes = await Promise.all([first, second].map((each) =>
      run(each, { index }).catch((error) => {
        assert.instance(error, ArgumentError);
        return error.message;
      })
    ));
    assert.equal(outcomes[0], outcomes[1]);
    if (typeof outcomes[0] === "string") {
      assert.match(outcomes[0], /^Cannot run the program: input index: exp/);
    }
  }));
});

test.run();
