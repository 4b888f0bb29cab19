import * as assert from "uvu/assert";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { type CaseName, type CaseOp, type CaseSpec, elementsOf, makeCase, type OpCase } from "./case.ts";
import { opCases } from "./cases.ts";

/**
 * Checks that a NaN in any operand of a case reaches the same elements of the result as by the reference, unless the case
 * has more than `most` elements. `expected` and `actual` compute an example on either backend.
 */
export async function checkNan(
  name: CaseName,
  { spec, most, ...on }: {
    spec: CaseSpec<CaseOp>;
    most: number;
    expected: (example: OpCase) => Promise<HostTensor>;
    actual: (example: OpCase) => Promise<HostTensor>;
  },
): Promise<void> {
  const plain = makeCase(name, spec);
  if (opCases[name].nan === "never" || elementsOf(plain) > most) return;
  for (const [input, { dtype, shape, from }] of Object.entries(plain.operands)) {
    if (dtype !== "f32" || from === "state" || shape.includes(0)) continue;
    if (!(opCases[name].nanIn ?? [input]).includes(input)) continue;
    const example = makeCase(name, spec, (operand, values) => operand === input ? withNan(values) : values);
    const expected = await on.expected(example), actual = await on.actual(example);
    const title = `${name}, ${example.title}, NaN in ${input}`;
    if (opCases[name].nan === "compares") {
      assert.equal(actual, expected, title);
      continue;
    }
    // A weight may be for neighbours that the image does not have.
    const must = from === "run" && expected.data.length > 0;
    assert.ok(!must || expected.data.some(Number.isNaN), `${title}: the reference lost it`);
    expected.data.forEach((value, i) => {
      if (Number.isNaN(value)) assert.ok(Number.isNaN(actual.data[i]), `${title}: element ${i} is not NaN`);
    });
  }
}

/** The values with a NaN in their middle. */
function withNan(values: HostTensor): HostTensor {
  const data = values.data.slice() as Float32Array;
  data[data.length >> 1] = NaN;
  return { ...values, data } as HostTensor;
}
