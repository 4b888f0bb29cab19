import { binaryFunctions, unaryFunctions } from "../../graph/functions.ts";
import type { ElementwiseOps } from "../../graph/ops/elementwise.ts";
import { philox4x32 } from "../../tensor/philox.ts";
import { map, zip } from "./loops.ts";
import { type Evaluators, floats, sigmoid, swish } from "./values.ts";

/** What the ops of single elements compute. */
export const elementwiseEvaluators: Evaluators<keyof ElementwiseOps> = {
  unary: ({ x }, attrs) => {
    const { fn, slope = NaN, low = NaN, high = NaN } = attrs, { of } = unaryFunctions[fn];
    return map(x, (value) => of(value, { slope, low, high }));
  },
  binary: ({ a, b }, { fn }, spec) => zip(a, b, { spec, fn: binaryFunctions[fn].of }),
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
