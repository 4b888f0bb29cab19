import type { OpName, Spec, Tensor } from "../../graph/ops.ts";
import type { HostTensor } from "../../tensor/tensor.ts";
import { attentionEvaluators } from "./attention.ts";
import { convEvaluators } from "./conv.ts";
import { elementwiseEvaluators } from "./elementwise.ts";
import { linearEvaluators } from "./linear.ts";
import { lossEvaluators } from "./loss.ts";
import { normEvaluators } from "./norm.ts";
import { optimizerEvaluators } from "./optimizer.ts";
import { poolEvaluators } from "./pool.ts";
import { quantizeEvaluators } from "./quantize.ts";
import { reduceEvaluators } from "./reduce.ts";
import { samplingEvaluators } from "./sampling.ts";
import { shapeEvaluators } from "./shape.ts";
import { type Evaluators, floats, type Precision, withPrecision } from "./values.ts";

/** Ops that compute, and constants: all but the leaves that only name a value. */
export type ComputedOp = Exclude<OpName, "input" | "param" | "state">;

/**
 * What every op means, in plain TypeScript with f64 sums: the definition that the kernels of the other backends
 * are tested against.
 */
const evaluators: Evaluators<ComputedOp> = {
  constant: (_, { value }) => value.dtype === "f32" ? floats(value.shape, value.data) : value,
  ...elementwiseEvaluators,
  ...shapeEvaluators,
  ...reduceEvaluators,
  ...linearEvaluators,
  ...convEvaluators,
  ...poolEvaluators,
  ...normEvaluators,
  ...attentionEvaluators,
  ...quantizeEvaluators,
  ...samplingEvaluators,
  ...lossEvaluators,
  ...optimizerEvaluators,
};

/** Computes one op from the values of its inputs. */
export function evaluate(
  tensor: Tensor & { op: ComputedOp },
  inputs: Readonly<Record<string, HostTensor>>,
  precision: Precision = "f32",
): HostTensor {
  const evaluator = evaluators[tensor.op] as (inputs: unknown, attrs: unknown, spec: Spec) => HostTensor;
  return withPrecision(precision, () => evaluator(inputs, tensor.attrs, tensor));
}
