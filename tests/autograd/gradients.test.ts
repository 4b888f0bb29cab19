import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { grad } from "../../src/autograd/grad.ts";
import { gradientRule } from "../../src/autograd/rules.ts";
import {
  add,
  apply,
  broadcastTo,
  constant,
  detach,
  div,
  exp,
  input,
  mean,
  mul,
  reshape,
  sigmoid,
  silu,
  softplus,
  straightThrough,
  sub,
  sum,
  total,
} from "../../src/graph/build.ts";
import type { Inputs, OpName, Tensor } from "../../src/graph/ops.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { f32Tensor, type HostTensor } from "../../src/tensor/tensor.ts";
import { hashed } from "../golden/hashed.ts";
import { type CaseOp, type CaseSpec, type Operand, opOf, valuesOf } from "../ops/case.ts";
import { caseNames, casesOf, opCases } from "../ops/cases.ts";
import { evaluateWide, moved } from "./wide.ts";

const test = suite("gradients");

/** In f64, five-point differences of this step err by about 1e-10 of a value near 1, most of it by rounding. */
const step = 1e-5, tolerance = 1e-6;
/** The most elements of a case; larger ones exist for the kernels. */
const mostElements = 3000;
/** Operands without a gradient: constants in all models. */
const constants: Readonly<Partial<Record<OpName, readonly string[]>>> = { rope: ["table"] };
/** Rules whose gradient is not that of the function, on purpose; tested by themselves. */
const special: readonly OpName[] = ["straight_through"];
/** Inputs that only fusion gives to ops. */
const fused: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  linear: ["norm", "up", "residual"],
  conv: ["affine", "residual"],
};

/** Holds the gradients of `loss` by `inputs` against differences along a direction. */
function checkGradients(loss: Tensor, { inputs, values, title }: {
  inputs: readonly (Tensor & { op: "input" })[];
  values: Readonly<Record<string, HostTensor>>;
  title: string;
}): void {
  const wide = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, moved(value, 0)]));
  const gradients = grad(loss, inputs);
  const outputs = Object.fromEntries(gradients.map((gradient, i) => [inputs[i]!.attrs.name, gradient]));
  const found = evaluateWide(outputs, wide);
  for (const { attrs: { name, shape } } of inputs) {
    const direction = hashed(`${name} direction`, shape);
    const at = (distance: number) =>
      evaluateWide({ loss }, { ...wide, [name]: moved(values[name]!, distance, direction) }).loss[0]!;
    const difference = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    let slope = 0, size = 0;
    for (let i = 0; i < direction.length; i++) {
      slope += found[name]![i]! * direction[i]!;
      size += (found[name]![i]! * direction[i]!) ** 2;
    }
    const error = Math.abs(slope - difference) / Math.max(1e-3, Math.sqrt(size));
    assert.ok(error <= tolerance, `${title}, by ${name}: ${slope}, differences give ${difference}`);
  }
}

for (const name of caseNames) {
  const op = opOf(name), rule = gradientRule(casesOf(name)[0]!.graph.outputs.y!);
  if (typeof rule === "string" || special.includes(op)) continue;
  test(`${name} agrees with differences in f64`, () => {
    let tried = 0;
    for (const [i, { operands, attrs }] of (opCases[name].cases as readonly CaseSpec<CaseOp>[]).entries()) {
      const named = Object.entries(operands as Record<string, Operand>);
      const elements = named.reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
      const skips = named.some(([input, { shape }]) => shape.includes(0) || fused[op]?.includes(input));
      if (skips || elements > mostElements || "swish" in attrs || "depthToSpace" in attrs) continue;
      const values = Object.fromEntries(
        named.map(([input, operand]) => [input, valuesOf(input, operand, 0)]),
      );
      const handles = Object.fromEntries(
        named.map(([name, { shape, dtype }]) => [name, input(name, { shape, dtype })]),
      );
      const y = apply(op, handles as unknown as Inputs<CaseOp>, attrs);
      const weights = constant(f32Tensor(y.shape, hashed("weights", y.shape)));
      const inputs = Object.values(handles).filter((handle): handle is Tensor & { op: "input" } =>
        handle.op === "input" && handle.dtype === "f32" && !constants[op]?.includes(handle.attrs.name)
      );
      checkGradients(total(mul(y, weights)), { inputs, values, title: `${name} ${i}` });
      tried++;
    }
    assert.ok(tried > 0, "no case is small enough");
  });
}

test("graphs of several ops, tensors read more than once, and broadcasts agree with differences", () => {
  const unary: readonly ((x: Tensor) => Tensor)[] = [
    silu,
    sigmoid,
    softplus,
    (x) => exp(mul(x, constant(0.25))),
    (x) => mean(x, [0]),
    (x) => sum(x, [1]),
    (x) => reshape(x, x.shape),
  ];
  const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
    add,
    sub,
    mul,
    (a, b) => div(a, add(softplus(b), constant(1))),
  ];
  const choice = fc.record({ kind: fc.nat(10), first: fc.nat(), second: fc.nat() });
  fc.assert(
    fc.property(fc.array(choice, { minLength: 1, maxLength: 8 }), (choices) => {
      const inputs = [[3, 4], [4], [3, 1]].map((shape, i) => input(`x${i}`, { shape, dtype: "f32" }));
      const pool: Tensor[] = [...inputs];
      for (const { kind, first, second } of choices) {
        const a = pool[first % pool.length]!, b = pool[second % pool.length]!;
        const two = (x: Tensor) => x.shape.length === 2 ? x : reshape(x, [1, 4]);
        pool.push(kind < unary.length ? unary[kind]!(two(a)) : binary[kind - unary.length]!(a, b));
      }
      // The mean of a bounded function of everything: no graph makes it too steep for its differences.
      const loss = pool.map((x) => total(sigmoid(mul(broadcastTo(x, [3, 4]), constant(0.1))))).reduce(add);
      const values = Object.fromEntries(
        inputs.map(({ shape }, i) => [`x${i}`, f32Tensor(shape, hashed(`value ${i}`, shape))]),
      );
      checkGradients(loss, {
        inputs: inputs as (Tensor & { op: "input" })[],
        values,
        title: JSON.stringify(choices),
      });
    }),
    { numRuns: 60, seed: 5 },
  );
});

test("nothing flows through what is detached, and straight through what is said to", () => {
  const x = input("x", { shape: [3], dtype: "f32" });
  const values = { x: moved(f32Tensor([3], Float32Array.of(0.5, -2, 3)), 0) };
  const code = apply("unpack_bits", { x: apply("pack_bits", { x }, {}) }, { bits: 3 });
  const [detached] = grad(total(mul(x, detach(x))), [x]);
  const [through] = grad(total(mul(straightThrough(code, x), constant(2))), [x]);
  const [none] = grad(total(code), [x]);
  const found = evaluateWide({ detached: detached!, through: through!, none: none! }, values);
  assert.equal(Array.from(found.detached), [0.5, -2, 3]);
  assert.equal(Array.from(found.through), [2, 2, 2]);
  assert.equal(Array.from(found.none), [0, 0, 0]);
});

test("what cannot be differentiated is refused", () => {
  const x = input("x", { shape: [2, 8], dtype: "f32" });
  assert.throws(
    () => grad(x, [x]),
    (error: unknown) => error instanceof ArgumentError && /\[2,8\]/.test(error.message),
  );
  const guided = apply("guide", { logits: x, scale: constant(f32Tensor([1])) }, {});
  assert.throws(() => grad(total(guided), [x]), /Cannot differentiate guide/);
  const weight = input("weight", { shape: [8, 8], dtype: "f32" });
  const fusedForm = apply("linear", { x, weight, residual: x }, {});
  assert.throws(() => grad(total(fusedForm), [x]), /Cannot differentiate linear/);
});

test.run();
