import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend, WeightFormat } from "../../src/backend/backend.ts";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { createMachine, type Machine } from "../../src/backend/wasm/machine.ts";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { setups } from "../backend/setups.ts";
import { nmse } from "../golden/golden.ts";
import type { CaseOp, CaseSpec, OpCase } from "./case.ts";
import { caseNames, casesOf, opCases } from "./cases.ts";
import { checkNan } from "./nan.ts";
import { skipIf } from "../support/skip.ts";

const names = caseNames;
const reference = new ReferenceBackend();
/** What the reference gives for each case, computed once. */
const expectations = new Map<string, Promise<HostTensor>>();
/** What one thread gives: more must give the same bits. */
const bits = new Map<string, Uint32Array>();

for (const { title, options, missing } of setups) {
  const test = suite(`ops on the WASM backend, ${title}`);
  const each = skipIf(missing, test);
  let machine: Machine, backend: WasmBackend;

  test.before(() => {
    if (missing) return;
    machine = createMachine({ ...options, training: trainingKernels }, { guarded: true });
    backend = new WasmBackend(options, machine);
  });
  test.after(() => backend?.[Symbol.asyncDispose]());

  for (const name of names) {
    each(`${name} agrees with the reference and writes nowhere else`, async () => {
      for (const [i, example] of casesOf(name).entries()) {
        await check(example, { name: `${name} ${i}, ${example.title}`, machine, backend });
      }
    });

    for (const format of opCases[name].formats ?? []) {
      each(`${name} agrees with the reference on weights in ${format}`, async () => {
        for (const [i, example] of casesOf(name).entries()) {
          await check(example, {
            name: `${name} ${i} in ${format}, ${example.title}`,
            format,
            machine,
            backend,
          });
        }
      });
    }

    each(`${name} lets no NaN disappear`, async () => {
      for (const spec of opCases[name].cases) {
        await checkNan(name, {
          spec: spec as CaseSpec<CaseOp>,
          most: 40_000,
          expected: on(reference),
          actual: on(backend),
        });
      }
    });
  }
  test.run();
}

async function check(
  example: OpCase,
  { name, format = "f32", machine, backend }: {
    name: string;
    format?: WeightFormat;
    machine: Machine;
    backend: WasmBackend;
  },
): Promise<void> {
  const expected = await expectation(name, { example, format });
  const actual = await compute(backend, {
    example,
    format,
    then: () => assert.equal(machine.heap.damaged(), [], `${name}: stray writes`),
  });
  assert.equal(actual.shape, expected.shape, name);
  const error = nmse(actual.data, expected.data);
  assert.ok(error <= opCases[example.name].tolerance, `${name}: NMSE ${error}`);
  if (machine.variant !== "threads") return;
  const words = new Uint32Array(actual.data.buffer);
  if (bits.has(name)) assert.ok(same(words, bits.get(name)!), `${name}: not the bits of one thread`);
  else bits.set(name, words);
}

/** An example, and the format that its weights are loaded in; f32 if not given. */
interface Task {
  readonly example: OpCase;
  readonly format?: WeightFormat;
  /** What to do after the runs. */
  readonly then?: () => void;
}

function expectation(name: string, task: Task): Promise<HostTensor> {
  if (!expectations.has(name)) expectations.set(name, compute(reference, task));
  return expectations.get(name)!;
}

async function compute(backend: Backend, { example, format, then }: Task): Promise<HostTensor> {
  await using weights = await backend.load(example.weights, { graphs: [example.graph], format });
  await using program = await backend.compile(example.graph, weights);
  // Without a state, only the last run can tell anything of the reference.
  const stateful = Object.values(example.operands).some(({ from }) => from === "state");
  const runs = backend === reference && !stateful ? example.runs.slice(-1) : example.runs;
  let y: HostTensor | undefined;
  for (const inputs of runs) ({ y } = await program.run(inputs));
  then?.();
  return y!;
}

/** Computes examples on a backend. */
function on(backend: Backend): (example: OpCase) => Promise<HostTensor> {
  return (example) => compute(backend, { example });
}

function same(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((word, i) => word === b[i]);
}
