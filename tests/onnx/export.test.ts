import { suite } from "uvu";
import * as assert from "uvu/assert";
import { input, linear, mean, param, reshape } from "../../src/graph/build.ts";
import { type Graph, graphOf, trace } from "../../src/graph/trace.ts";
import { concat } from "../../src/io/concat.ts";
import { exportOnnx } from "../../src/onnx/export.ts";
import { exporters } from "../../src/onnx/exporters.ts";
import type { OnnxModel } from "../../src/onnx/model.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { opOf } from "../ops/case.ts";
import { caseNames, casesOf } from "../ops/cases.ts";
import { type ReadModel, readModel } from "./read_model.ts";

const test = suite("ONNX export");

const noWeights = { read: (name: string) => Promise.reject(new Error(`${name} was read`)) };
const zeros = (size: number) => ({ read: () => Promise.resolve(new Float32Array(size)) });

for (const name of caseNames) {
  const exported = typeof exporters[opOf(name)] === "function";
  test(`${name} ${exported ? "becomes nodes that read only what is there" : "is refused with a reason"}`, async () => {
    for (const { graph, weights, title } of casesOf(name)) {
      if (!exported) {
        assert.throws(() => exportOnnx(graph, weights), /Cannot export .* got an op of training/);
        continue;
      }
      for (const dtype of ["f32", "f16"] as const) {
        const exported = exportOnnx(graph, weights, { dtype });
        checkNames(readModel(await exported.bytes()), `${name}, ${title}`);
      }
    }
  });
}

test("inputs, outputs and open axes are named", () => {
  const sized = (rows: number) =>
    trace(
      { x: { shape: [2, rows, 8, 3], dtype: "f32" } },
      ({ x }) => ({ y: mean(x!, [1, 2], { correction: 1 }) }),
    );
  const { inputs, outputs } = exportOnnx(sized(5), noWeights, {
    resized: sized(7),
    channelsFirst: ["x"],
    axes: { x: ["images", "colours", "rows"] },
  });
  assert.equal(inputs, [{ name: "x", type: "f32", shape: [2, 3, "rows", 8] }]);
  assert.equal(outputs, [{ name: "y", type: "f32", shape: [2, 1, 1, 3] }]);
});

test("an op that must know the sizes is refused where they are open", () => {
  const sized = (rows: number) =>
    trace({ x: { shape: [rows, 6], dtype: "f32" } }, ({ x }) => ({ y: reshape(x!, [3, 2 * rows]) }));
  const both = () => exportOnnx(sized(5), noWeights, { resized: sized(7) });
  assert.throws(
    both,
    (error: unknown) => error instanceof ArgumentError && /for any size/.test(error.message),
  );
});

test("weights beyond 2 GiB lie in a file of their own", async () => {
  const shape = [40_000, 20_000], graph = product(shape);
  const large = exportOnnx(graph, noWeights);
  assert.ok(large.needsExternalData);
  assert.not(exportOnnx(graph, noWeights, { dtype: "f16" }).needsExternalData, "1.6 GB");
  const { initializers } = readModel(concat(await Array.fromAsync(large.pieces({ external: "w.data" }))));
  assert.equal(initializers.get("w.T"), {
    dims: [20_000, 40_000],
    raw: 0,
    external: { location: "w.data", offset: "0", length: "3200000000" },
  });
  const refused = await large.bytes().then(() => undefined, (error: unknown) => error);
  assert.instance(refused, ArgumentError);
});

test("external data begin at pages, where the model says", async () => {
  const x = input("x", { shape: [1, 300], dtype: "f32" });
  const names = ["a", "b"], y = names.reduce((x, name) => linear(x, { weight: param(name, [300, 300]) }), x);
  const weights = {
    read: (name: string) => Promise.resolve(new Float32Array(90_000).fill(names.indexOf(name) + 1)),
  };
  const model = exportOnnx(graphOf({ y }), weights);
  const { initializers } = readModel(concat(await Array.fromAsync(model.pieces({ external: "data" }))));
  const data = concat(await Array.fromAsync(model.externalPieces()));
  names.forEach((name, i) => {
    const { offset, length } = initializers.get(`${name}.T`)!.external;
    assert.is(Number(offset) % 4096, 0);
    const floats = new Float32Array(data.slice(Number(offset), Number(offset) + Number(length)).buffer);
    assert.ok(floats.every((value) => value === i + 1), name);
  });
});

test("a weight of another size than the graph's is refused", async () => {
  const refused = await bytesOf(exportOnnx(product([2, 3]), zeros(7)));
  assert.instance(refused, ArgumentError);
  assert.instance(await bytesOf(exportOnnx(product([2, 3]), zeros(6))), Uint8Array);
});

test.run();

/** x `[1,C]` times the weight `w`. */
function product(shape: readonly number[]): Graph {
  const x = input("x", { shape: [1, shape[1]!], dtype: "f32" });
  return graphOf({ y: linear(x, { weight: param("w", shape) }) });
}

function bytesOf(model: OnnxModel): Promise<unknown> {
  return model.bytes().catch((error: unknown) => error);
}

/** Checks that each name is given once, before it is read, and that initializers are as long as their shapes say. */
function checkNames({ opset, inputs, outputs, nodes, initializers }: ReadModel, title: string): void {
  assert.is(opset, 17);
  const known = new Set(["", ...inputs, ...initializers.keys()]);
  assert.is(known.size, 1 + inputs.length + initializers.size, title);
  for (const node of nodes) {
    for (const name of node.inputs) assert.ok(known.has(name), `${title}: ${node.op} reads ${name}`);
    for (const name of node.outputs) {
      assert.not(known.has(name), `${title}: ${name} is given twice`);
      known.add(name);
    }
  }
  for (const name of outputs) assert.ok(known.has(name), `${title}: no ${name}`);
  for (const [name, { dims, raw }] of initializers) {
    assert.ok([2, 4, 8].some((bytes) => raw === bytes * sizeOf(dims)), `${title}: ${name} has ${raw} bytes`);
  }
}
