import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, WeightFormat } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { findAdapter } from "../../src/backend/webgpu/adapter.ts";
import type { openDevice } from "../../src/backend/webgpu/device.ts";
import { WebGpuProgram } from "../../src/backend/webgpu/program.ts";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import type { Tiling } from "../../src/backend/webgpu/tiles.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { missingAdapter } from "../backend/adapter.ts";
import { nmse } from "../golden/golden.ts";
import type { CaseName, CaseOp, CaseSpec, OpCase } from "./case.ts";
import { caseNames, casesOf, opCases } from "./cases.ts";
import { checkNan } from "./nan.ts";
import { skipIf } from "../support/skip.ts";

const names = caseNames;
/** Ops that are cut in more than one way. */
const tiled: readonly CaseName[] = [
  ...["conv", "linear", "sample", "matmul", "conv_weight_grad"] as const,
  ...["attention", "attention_step", "attention_grad"] as const,
];
const reference = new ReferenceBackend();
/** What the reference gives for each case, computed once. */
const expectations = new Map<string, Promise<HostTensor>>();

/** A device without `shader-f16`, on which f16 is unpacked from words. */
const plainDevice = async () => await (await findAdapter())!.requestDevice();

const suites: readonly {
  readonly tiling: Tiling;
  readonly names: readonly CaseName[];
  open?: typeof openDevice;
}[] = [
  { tiling: "direct", names },
  { tiling: "staged", names: tiled, open: plainDevice },
];

for (const { tiling, names, open } of suites) {
  const test = suite(`ops on the WebGPU backend, ${tiling}`);
  const each = skipIf(missingAdapter, test);
  const backend = new WebGpuBackend({ training: trainingShaders }, { tiling, open, guarded: true });
  test.after(() => backend[Symbol.asyncDispose]());

  for (const name of names) {
    each(`${name} agrees with the reference and writes nowhere else`, async () => {
      for (const [i, example] of casesOf(name).entries()) await check(backend, { example, i });
    });

    for (const format of opCases[name].formats ?? []) {
      each(`${name} agrees with the reference on weights in ${format}`, async () => {
        for (const [i, example] of casesOf(name).entries()) await check(backend, { example, i, format });
      });
    }

    // What happens to NaN does not depend on the tiles.
    if (tiling === "staged") continue;
    each(`${name} lets no NaN disappear`, async () => {
      for (const spec of opCases[name].cases) {
        await checkNan(name, {
          spec: spec as CaseSpec<CaseOp>,
          most: 10_000,
          expected: on(reference),
          actual: on(backend),
        });
      }
    });
  }
  test.run();
}

/** The least that a binding can be limited to: the step of their offsets. */
const smallestLimit = 256;
/** Cases of each op and format that are tried in pieces. */
const triedInPieces = 2;

{
  const test = suite(
    "ops on the WebGPU backend, tensors larger than a binding and memory larger than a buffer",
  );
  const each = skipIf(missingAdapter, test);
  const backends = new Map<number, WebGpuBackend>();
  test.after(async () => {
    for (const backend of backends.values()) await backend[Symbol.asyncDispose]();
  });

  for (const name of names) {
    each(`${name} agrees with the reference and writes nowhere else`, async () => {
      const large = [...casesOf(name).entries()].filter(([, example]) =>
        largestBytes(example) > smallestLimit
      );
      const step = Math.max(1, Math.floor(large.length / triedInPieces));
      for (const format of ["f32", ...opCases[name].formats ?? []] as const) {
        for (const [i, example] of large.filter((_, n) => n % step === 0)) {
          const binding = limitFor(largestBytes(example));
          if (!backends.has(binding)) {
            // Buffers end in the midst of a binding.
            const limits = { binding, buffer: 2 * binding + smallestLimit };
            backends.set(
              binding,
              new WebGpuBackend({ training: trainingShaders }, { guarded: true, limits }),
            );
          }
          await check(backends.get(binding)!, { example, i, format });
        }
      }
    });
  }
  test.run();
}

/** A limit that cuts `bytes` into two to four pieces, of few different ones. */
function limitFor(bytes: number): number {
  let limit = smallestLimit;
  while (4 * limit < bytes) limit *= 2;
  return limit;
}

/** Bytes of the largest operand or result. */
function largestBytes({ operands, graph }: OpCase): number {
  const shapes = [...Object.values(operands), ...Object.values(graph.outputs)].map(({ shape }) => shape);
  return 4 * Math.max(...shapes.map(sizeOf));
}

interface Task {
  readonly example: OpCase;
  /** The example's number. */
  readonly i: number;
  readonly format?: WeightFormat;
}

async function check(backend: WebGpuBackend, task: Task): Promise<void> {
  const { example: { name: op, title }, i, format = "f32" } = task,
    name = `${op} ${i} in ${format}, ${title}`;
  if (!expectations.has(name)) expectations.set(name, compute(reference, task));
  const expected = await expectations.get(name)!, actual = await compute(backend, task);
  assert.equal(actual.shape, expected.shape, name);
  const error = nmse(actual.data, expected.data);
  assert.ok(error <= opCases[op].tolerance, `${name}: NMSE ${error}`);
}

async function compute(
  backend: Backend,
  { example, format }: { example: OpCase; format?: WeightFormat },
): Promise<HostTensor> {
  await using weights = await backend.load(example.weights, { graphs: [example.graph], format });
  await using program = await backend.compile(example.graph, weights);
  let y: HostTensor | undefined;
  // Without a state, only the last run can tell anything of the reference.
  const stateful = Object.values(example.operands).some(({ from }) => from === "state");
  const runs = backend === reference && !stateful ? example.runs.slice(-1) : example.runs;
  for (const inputs of runs) ({ y } = await program.run(inputs));
  if (program instanceof WebGpuProgram) {
    assert.equal(await program.damaged(), [], `${example.name}, ${example.title}: stray writes`);
  }
  return y!;
}

/** Computes examples on a backend. */
function on(backend: Backend): (example: OpCase) => Promise<HostTensor> {
  return (example) => compute(backend, { example });
}
