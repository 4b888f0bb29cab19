import type { ElementwiseOps } from "../../graph/ops/elementwise.ts";
import { philox4x32 } from "../../tensor/philox.ts";
import { map, zip } from "./loops.ts";
import { type Evaluators, floats, sigmoid, swish } from "./values.ts";

/** What the ops of single elements compute. */
export const elementwiseEvaluators: Evaluators<keyof ElementwiseOps> = {
  add: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x + y }),
  sub: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x - y }),
  mul: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x * y }),
  div: ({ a, b }, _, spec) => zip(a, b, { spec, fn: (x, y) => x / y }),
  sqrt: ({ x }) => map(x, Math.sqrt),
  silu: ({ x }) => map(x, swish),
  exp: ({ x }) => map(x, Math.exp),
  log: ({ x }) => map(x, Math.log),
  sigmoid: ({ x }) => map(x, sigmoid),
  softplus: ({ x }) => map(x, (value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))),
  abs: ({ x }) => map(x, Math.abs),
  sign: ({ x }) => map(x, Math.sign),
  leaky_relu: ({ x }, { slope }) => map(x, (value) => value > 0 ? value : slope * value),
  clamp: ({ x }, { low, high }) => map(x, (value) => Math.max(low, Math.min(high, value))),
  between: ({ x }, { low, high }) => map(x, (value) => value > low && value < high ? 1 : 0),
  silu_grad: ({ x, dy }, _, spec) => zip(x, dy, { spec, fn: siluGrad }),
  leaky_relu_grad: ({ x, dy }, { slope }, spec) =>
    zip(x, dy, { spec, fn: (value, d) => value > 0 ? d : Number.isNaN(value) ? value : slope * d }),
  swiglu: ({ gate, up }) => zip(gate, up, { spec: gate, fn: (a, b) => swish(a) * b }),
  swiglu_grad: ({ gate, up, dy }, _, spec) => {
    const product = zip(dy, up, { spec, fn: (d, u) => d * u });
    return zip(gate, product, { spec, fn: siluGrad });
  },
  dropout: ({ x, random }, { rate, site }, spec) => {
    const result = floats(spec.shape), threshold = Math.floor(rate * 2 ** 32), scale = 1 / (1 - rate);
    const [r0, r1, r2, r3] = random.data as unknown as [number, number, number, number];
    for (let i = 0; i < x.data.length; i += 4) {
      philox4x32([r0, r1], [i / 4, site, r2, r3]).forEach((word, j) => {
        if (i + j < x.data.length) result.data[i + j] = x.data[i + j]! * (word >= threshold ? scale : 0);
      });
    }
    return result;
  },
};

function siluGrad(x: number, dy: number): number {
  return dy * (sigmoid(x) + swish(x) * (1 - sigmoid(x)));
}
