import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { WebGpuProgram } from "../../src/backend/webgpu/program.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { findAdapter } from "../../src/backend/webgpu/adapter.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { apply, constant, mul } from "../../src/graph/build.ts";
import type { Inputs, Tensor } from "../../src/graph/ops.ts";
import { type Graph, graphOf } from "../../src/graph/trace.ts";
import { BackendError } from "../../src/tensor/errors.ts";
import { roundTo } from "../../src/tensor/quantize.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { missingF16 } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import {
  type CaseName,
  type CaseOp,
  type CaseSpec,
  elementsOf,
  handle,
  makeCase,
  type OpCase,
  opOf,
} from "./case.ts";
import { caseNames, opCases } from "./cases.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("ops on the WebGPU backend, activations in f16");
const each = skipIf(missingF16, test);

const reference = new ReferenceBackend();
const backend = new WebGpuBackend({ activations: "f16", training: trainingShaders }, { guarded: true });
test.after(() => backend[Symbol.asyncDispose]());

/** The largest normalised mean squared error of what was rounded to f16. */
const tolerance = 1e-5;
/** The smallest f16 above 0. */
const smallest = 2 ** -24;
const tried = 6, most = 100_000;
/** Ops in whose results the rounding showed. */
const rounded: CaseName[] = [];

/** All but those that give nothing to read. */
const names = caseNames.filter((name) => name !== "assign" && name !== "adam");

for (const name of names) {
  each(`${name} reads and writes f16`, async () => {
    const specs = (opCases[name].cases as readonly CaseSpec<CaseOp>[]).filter((spec) =>
      elementsOf(makeCase(name, spec)) <= most
    );
    const step = Math.max(1, Math.floor(specs.length / tried));
    let largest = 0;
    for (const spec of specs.filter((_, i) => i % step === 0)) {
      const example = makeCase(name, spec, (_, values) => asF16(values));
      const expected = await compute(reference, example, example.graph);
      const actual = await compute(backend, example, between(name, spec));
      // What f16 is too small for is none, or as near as they come.
      const vanishing = expected.data.every((value, i) => Math.abs(value - actual.data[i]!) <= smallest / 2);
      const error = vanishing ? 0 : nmse(actual.data, expected.data);
      assert.ok(error <= tolerance, `${example.title}: NMSE ${error}`);
      largest = Math.max(largest, error);
    }
    if (largest > 1e-9) rounded.push(name);
  });
}

each("results were f16", () => {
  const shown = ["silu", "conv", "linear", "rms_norm", "attention", "rope"] as const;
  const shownInTraining = ["conv_input_grad", "group_norm_grad", "attention_grad", "swiglu_grad"] as const;
  for (const op of [...shown, ...shownInTraining]) {
    assert.ok(rounded.includes(op), `${name} shows no rounding: ${rounded}`);
  }
});

test("a device without shader-f16 says so", async () => {
  if (missingF16) return;
  await using plain = new WebGpuBackend({ activations: "f16" }, {
    open: async () => await (await findAdapter())!.requestDevice(),
  });
  const graph = graphOf({ y: mul(constant(1), constant(2)) });
  await using weights = await plain.load({ shapes: new Map(), read: () => Promise.reject() }, {
    graphs: [graph],
  });
  try {
    await plain.compile(graph, weights);
    assert.unreachable("it compiled");
  } catch (error) {
    assert.instance(error, BackendError);
    assert.match((error as Error).message, "shader-f16");
  }
});

/** The op in the midst of a graph, where what it reads and writes is neither input nor output. */
function between(name: CaseName, { operands, attrs }: CaseSpec<CaseOp>): Graph {
  const same = (tensor: Tensor) => tensor.dtype === "f32" ? mul(tensor, constant(1)) : tensor;
  const inputs = Object.entries(operands as OpCase["operands"]).map(([name, operand]) => {
    const tensor = handle(name, operand);
    return [name, operand.from === "run" ? same(tensor) : tensor];
  });
  return graphOf({ y: same(apply(opOf(name), Object.fromEntries(inputs) as Inputs<CaseOp>, attrs)) });
}

async function compute(backend: Backend, example: OpCase, graph: Graph): Promise<HostTensor> {
  await using weights = await backend.load(example.weights, { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  let y: HostTensor | undefined;
  for (const inputs of example.runs) ({ y } = await program.run(inputs));
  if (program instanceof WebGpuProgram) assert.equal(await program.damaged(), [], example.title);
  return y!;
}

function asF16(values: HostTensor): HostTensor {
  if (values.dtype !== "f32") return values;
  return { ...values, data: roundTo("f16", values.data as Float32Array, 1) } as HostTensor;
}

test.run();
