import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planLayout } from "../../src/backend/wasm/layout.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { add, constant, conv2d, groupNorm, param, silu } from "../../src/graph/build.ts";
import { fuse } from "../../src/graph/fuse.ts";
import { alignColumns, dumpGraph, printGraph } from "../../src/graph/print.ts";
import { type Graph, trace } from "../../src/graph/trace.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import { hashedWeights } from "../golden/tokenizer_golden.ts";

const test = suite("graph dump");

const memory = { arenaBytes: 2_000_000, liveBytes: 1_500_000 };

/** The published model for 256×256. */
const imagenet: TokenizerConfig = {
  kind: "image",
  ch: 128,
  chMult: [1, 1, 2, 2, 4],
  numResBlocks: 4,
  zChannels: 18,
  inChannels: 3,
  outChannels: 3,
};

/** A norm, swish, convolution, residual on 4×4 positions. */
function block(): Graph {
  return trace({ x: { shape: [1, 4, 4, 32], dtype: "f32" } }, ({ x }) => {
    const normed = groupNorm(x!, {
      weight: param("norm.weight", [32]),
      bias: param("norm.bias", [32]),
      groups: 8,
      eps: 1e-6,
    });
    const conv = conv2d(silu(normed), {
      weight: param("conv.weight", [32, 32, 3, 3]),
      bias: param("conv.bias", [32]),
      stride: 1,
      padding: 1,
    });
    return { y: add(add(conv, x!), constant(0.5)) };
  });
}

test("shows what was fused, who reads whom, and the totals", () => {
  const lines = printGraph(dumpGraph(fuse(block()), memory)).split("\n");
  const expected = [
    "inputs   x [1,4,4,32]",
    "outputs  y [1,4,4,32] = #3",
    "",
    "#  op                                         result      reads   MFLOP    MB  weights",
    "1  group_norm_affine 8 groups                 [1,2,32]    x        0.00  0.00  norm.{weight,bias}",
    "2  conv norm → swish → 3×3 + bias + residual  [1,4,4,32]  x #1 x   0.30  0.04  conv.{weight,bias}",
    "3  add                                        [1,4,4,32]  #2 0.5   0.00  0.00",
    "",
    "ops             3",
    "arithmetic      0.000 GFLOP",
    "memory traffic  0.05 MB, each tensor once an op",
    "weights         0.01 M, 0.04 MB in f32",
    "arena           2.00 MB; 1.50 MB alive at once at most",
  ];
  assert.equal(lines, expected);
});

test("counts the arithmetic by hand", () => {
  const { lines } = dumpGraph(fuse(block()), memory);
  const positions = 16, elements = positions * 32;
  const product = 2 * 9 * 32 * elements, prologue = (2 + 4) * elements;
  assert.equal(lines.map(({ flop }) => flop), [3 * elements, product + prologue + elements, elements]);
  // x, affine, weight, bias, residual, result.
  assert.is(lines[1]!.bytes, 4 * (elements + 64 + 9 * 32 * 32 + 32 + elements + elements));
});

test("fusion moves arithmetic and removes none", () => {
  for (const graph of [block(), decodeGraph(imagenet, { n: 1, height: 64, width: 32 })]) {
    const [before, after] = [graph, fuse(graph)].map((one) => dumpGraph(one, memory));
    assert.is(after!.flop, before!.flop);
    assert.is(after!.parameters, before!.parameters);
    assert.ok(after!.lines.length < before!.lines.length);
    assert.ok(after!.bytes < before!.bytes);
  }
});

test("the published model has the published work", () => {
  const extent = { n: 1, height: 256, width: 256 };
  const dumps = [encodeGraph(imagenet, extent), decodeGraph(imagenet, extent)].map((graph) =>
    dumpGraph(graph, memory)
  );
  // Published are the products alone.
  const products = dumps.map(({ lines }) =>
    lines.filter(({ op }) => op === "conv" || op === "linear").reduce((sum, { flop }) => sum + flop, 0)
  );
  assert.equal(products.map((flop) => Math.round(flop / 1e9)), [266, 317]);
  assert.equal(dumps.map(({ parameters }) => Math.round(parameters / 1e5) / 10), [49.8, 65.4]);
  assert.equal(dumps[0]!.outputs.tokens!.shape, [1, 16, 16]);
});

test("the memory that explain plans is what a program takes", async () => {
  const graph = encodeGraph({ ...imagenet, ch: 32, numResBlocks: 1 }, { n: 1, height: 32, width: 48 });
  await using backend = new WasmBackend({ threads: 1 });
  await using weights = await backend.load(hashedWeights([graph]), { graphs: [graph] });
  await using program = await backend.compile(graph, weights);
  const { plan } = planLayout(fuse(graph));
  assert.equal([plan.bytes, plan.liveBytes], [program.stats.arenaBytes, program.stats.liveBytes]);
});

test("columns stand under each other, numbers at the right", () => {
  assert.equal(alignColumns([["a", "1"], ["bcd", "100", "x"]], [1]), ["a      1", "bcd  100  x"]);
});

test.run();
