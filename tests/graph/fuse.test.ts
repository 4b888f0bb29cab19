import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import type { Backend } from "../../src/backend/backend.ts";
import {
  add,
  conv2d,
  depthToSpace,
  groupNorm,
  input,
  linear,
  param,
  rmsNorm,
  silu,
} from "../../src/graph/build.ts";
import { fuse } from "../../src/graph/fuse.ts";
import type { Tensor } from "../../src/graph/ops.ts";
import { type Graph, graphOf, trace } from "../../src/graph/trace.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { nmse } from "../golden/golden.ts";
import { hashed } from "../golden/hashed.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

const test = suite("fusion");

/** What a step does to a tensor that exists already, chosen by a number. */
type Step = { readonly kind: "norm" | "silu" | "conv" | "wide" | "add" | "shuffle"; readonly on: number };

const channels = 8;
const shape = [1, 4, 3, channels];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom("norm", "silu", "conv", "conv", "wide", "add", "add", "shuffle"),
    on: fc.nat(100),
  }),
  { minLength: 1, maxLength: 12 },
);

/** A graph of the steps, each on an earlier tensor; the last ones without readers, and one with, are outputs. */
function build(list: readonly Step[]): Graph {
  return trace({ x: { shape, dtype: "f32" } }, ({ x }) => {
    const tensors: Tensor[] = [x!];
    list.forEach(({ kind, on }, i) => {
      // Recent tensors more often than old ones, so that chains arise.
      const back = on % 10 < 7 ? 0 : on % tensors.length;
      const from = tensors[tensors.length - 1 - back]!;
      tensors.push(step(kind, from, { name: `${i}`, others: tensors }));
    });
    return { y: tensors.at(-1)!, z: tensors[tensors.length >> 1]! };
  });
}

function step(
  kind: Step["kind"],
  x: Tensor,
  { name, others }: { name: string; others: readonly Tensor[] },
): Tensor {
  const width = x.shape.at(-1)!;
  const convolve = (outputs: number) =>
    conv2d(x, { weight: param(`${name}.weight`, [outputs, width, 3, 3]), stride: 1, padding: 1 });
  switch (kind) {
    case "silu":
      return silu(x);
    case "norm": {
      const [weight, bias] = ["weight", "bias"].map((part) => param(`${name}.${part}`, [width]));
      return groupNorm(x, { weight: weight!, bias: bias!, groups: 2, eps: 1e-6 });
    }
    case "conv":
      return convolve(width);
    case "wide":
      return convolve(4 * channels);
    case "shuffle":
      return width % 16 === 0 ? depthToSpace(x) : silu(x);
    case "add":
      return add(x, others.find((other) => `${other.shape}` === `${x.shape}`) ?? x);
  }
}

async function outputs(backend: Backend, graph: Graph): Promise<Record<string, HostTensor>> {
  await using weights = await backend.load(hashedWeights([graph]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  return await program.run({ x: f32Tensor(shape, hashed("x", shape)) });
}

test("a fused graph computes the same, on the reference and on WASM", async () => {
  await using reference = new ReferenceBackend();
  await using wasm = new WasmBackend({ threads: 2 });
  const seen = { fewer: 0 };
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const graph = build(list), fused = fuse(graph);
      if (fused.tensors.length < graph.tensors.length) seen.fewer++;
      const expected = await outputs(reference, graph);
      for (const actual of [await outputs(reference, fused), await outputs(wasm, graph)]) {
        for (const name of ["y", "z"]) {
          assert.equal(actual[name]!.shape, expected[name]!.shape);
          const error = nmse(actual[name]!.data, expected[name]!.data);
          assert.ok(error < 1e-8, `${name}: NMSE ${error}`);
        }
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(seen.fewer > 0, `only ${seen.fewer} graphs became smaller`);
});

test("a normalised row is written where more than products read it", () => {
  const x = input("x", { shape: [3, 8], dtype: "f32" });
  const normed = rmsNorm(x, { weight: param("norm", [8]), eps: 1e-5 });
  const product = (name: string) => linear(normed, { weight: param(name, [4, 8]) });
  const ops = (outputs: Record<string, Tensor>) => fuse(graphOf(outputs)).tensors.map(({ op }) => op);
  assert.not(ops({ y: product("a"), z: product("b") }).includes("rms_norm"));
  assert.ok(ops({ y: product("a"), z: silu(normed) }).includes("rms_norm"));
  assert.ok(ops({ y: product("a"), z: linear(x, { weight: normed }) }).includes("rms_norm"));
});

test.run();
