import type { QuantizeOps } from "../../graph/ops/quantize.ts";
import { u32Tensor } from "../../tensor/tensor.ts";
import { type Evaluators, floats } from "./values.ts";

/** What the ops of quantization compute. */
export const quantizeEvaluators: Evaluators<keyof QuantizeOps> = {
  pack_bits: ({ x }, _, spec) => {
    const bits = x.shape.at(-1)!;
    const result = u32Tensor(spec.shape);
    x.data.forEach((value, i) => {
      if (value > 0) result.data[Math.floor(i / bits)]! += 2 ** (i % bits);
    });
    return result;
  },
  unpack_bits: ({ x }, { bits }, spec) => {
    const result = floats(spec.shape);
    for (let i = 0; i < result.data.length; i++) {
      result.data[i] = (x.data[Math.floor(i / bits)]! >>> (i % bits)) & 1 ? 1 : -1;
    }
    return result;
  },
};
