import { attentionGradients } from "../graph/build/attention.ts";
import { convGradients } from "../graph/build/conv.ts";
import { leavesGradients } from "../graph/build/leaves.ts";
import { linearGradients } from "../graph/build/linear.ts";
import { lossGradients } from "../graph/build/loss.ts";
import { normGradients } from "../graph/build/norm.ts";
import { optimizerGradients } from "../graph/build/optimizer.ts";
import { poolGradients } from "../graph/build/pool.ts";
import { quantizeGradients } from "../graph/build/quantize.ts";
import { samplingGradients } from "../graph/build/sampling.ts";
import { shapeGradients } from "../graph/build/shape.ts";
import { binaryGradients, elementwiseGradients, unaryGradients } from "../graph/build/elementwise.ts";
import { reduceGradients, unbroadcast } from "../graph/build/reduce.ts";
import type { GradientRule, Gradients, NoGradient } from "../graph/gradients.ts";
import type { OpName, Tensor, TensorOf } from "../graph/ops.ts";

/** The gradient of every op but the functions of elements, which have tables by function. */
const rules: Gradients<Exclude<OpName, "unary" | "binary">> = {
  ...leavesGradients,
  ...elementwiseGradients,
  ...shapeGradients,
  ...reduceGradients,
  ...linearGradients,
  ...convGradients,
  ...poolGradients,
  ...normGradients,
  ...attentionGradients,
  ...quantizeGradients,
  ...samplingGradients,
  ...lossGradients,
  ...optimizerGradients,
};

/** The rule for the gradients of what `tensor`'s op reads, or why there is none. */
export function gradientRule(tensor: Tensor): GradientRule<OpName> | NoGradient {
  switch (tensor.op) {
    case "unary":
      return unaryRule(tensor) as GradientRule<OpName> | NoGradient;
    case "binary":
      return binaryRule(tensor) as GradientRule<OpName> | NoGradient;
    default:
      return rules[tensor.op] as GradientRule<OpName> | NoGradient;
  }
}

function unaryRule({ inputs, attrs }: TensorOf<"unary">): GradientRule<"unary"> | NoGradient {
  const rule = unaryGradients[attrs.fn];
  return rule === "discrete" ? rule : (y, dy) => ({ x: rule({ ...inputs, ...attrs, y: y as Tensor, dy }) });
}

function binaryRule({ inputs: { a, b }, attrs }: TensorOf<"binary">): GradientRule<"binary"> | NoGradient {
  const rule = binaryGradients[attrs.fn];
  if (rule === "discrete") return rule;
  return (y, dy) => {
    const full = rule({ a, b, y: y as Tensor, dy });
    return { a: unbroadcast(full.a, a.shape), b: unbroadcast(full.b, b.shape) };
  };
}
