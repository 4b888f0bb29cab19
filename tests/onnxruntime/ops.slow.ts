import * as runtime from "onnxruntime-web";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, WeightFormat } from "../../src/backend/backend.ts";
import { OrtBackend } from "../../src/backend/ort/ort_backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { exporters } from "../../src/onnx/exporters.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { nmse } from "../golden/golden.ts";
import { type CaseName, type CaseOp, type CaseSpec, type OpCase, opOf } from "../ops/case.ts";
import { caseNames, casesOf, opCases } from "../ops/cases.ts";
import { checkNan } from "../ops/nan.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("ops on ONNX Runtime");
const reference = new ReferenceBackend(), backend = new OrtBackend({ runtime, threads: 1 });
test.after(() => backend[Symbol.asyncDispose]());

/** Ops of which ONNX Runtime drops a NaN: of a window, it takes the largest of the other elements. */
const droppingNan: readonly CaseName[] = ["pool"];

for (const name of caseNames) {
  const exporter = exporters[opOf(name)];
  const each = skipIf(typeof exporter === "function" ? undefined : exporter.unsupported, test);

  for (const format of ["f32", ...opCases[name].formats ?? []] as const) {
    each(`${name} agrees with the reference on weights in ${format}`, async () => {
      for (const [i, example] of casesOf(name).entries()) {
        const expected = await compute(reference, example, format);
        const actual = await compute(backend, example, format), title = `${name} ${i}, ${example.title}`;
        assert.equal(actual.shape, expected.shape, title);
        const error = nmse(actual.data, expected.data);
        assert.ok(error <= opCases[name].tolerance, `${title}: NMSE ${error}`);
      }
    });
  }

  const withNan = skipIf(droppingNan.includes(name) ? "ONNX Runtime drops NaN there" : undefined, test);
  if (typeof exporter !== "function") continue;
  withNan(`${name} lets no NaN disappear`, async () => {
    for (const spec of opCases[name].cases) {
      await checkNan(name, {
        spec: spec as CaseSpec<CaseOp>,
        most: 10_000,
        expected: (example) => compute(reference, example),
        actual: (example) => compute(backend, example),
      });
    }
  });
}

test.run();

async function compute(
  backend: Backend,
  { graph, weights: source, runs }: OpCase,
  format: WeightFormat = "f32",
): Promise<HostTensor> {
  await using weights = await backend.load(source, { graphs: [graph], format });
  await using program = await backend.compile(graph, weights);
  let y: HostTensor | undefined;
  for (const inputs of runs) ({ y } = await program.run(inputs));
  return y!;
}
