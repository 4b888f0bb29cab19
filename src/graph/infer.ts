import { attentionShapes } from "./ops/attention.ts";
import { convShapes } from "./ops/conv.ts";
import { elementwiseShapes } from "./ops/elementwise.ts";
import { leavesShapes } from "./ops/leaves.ts";
import { linearShapes } from "./ops/linear.ts";
import { lossShapes } from "./ops/loss.ts";
import { normShapes } from "./ops/norm.ts";
import { optimizerShapes } from "./ops/optimizer.ts";
import { poolShapes } from "./ops/pool.ts";
import { quantizeShapes } from "./ops/quantize.ts";
import { reduceShapes } from "./ops/reduce.ts";
import { samplingShapes } from "./ops/sampling.ts";
import { shapeShapes } from "./ops/shape.ts";
import type { Spec } from "./operand.ts";
import type { Attrs, Inputs, OpName, OpTable } from "./ops.ts";
import type { ShapeRules } from "./operand.ts";

const rules: ShapeRules<OpTable> = {
  ...leavesShapes,
  ...elementwiseShapes,
  ...shapeShapes,
  ...reduceShapes,
  ...linearShapes,
  ...convShapes,
  ...poolShapes,
  ...normShapes,
  ...attentionShapes,
  ...quantizeShapes,
  ...samplingShapes,
  ...lossShapes,
  ...optimizerShapes,
};

/** Shape and dtype of what `op` makes of `inputs`. Throws `ShapeError` naming op, input, and what was expected. */
export function infer<O extends OpName>(op: O, inputs: Inputs<O>, attrs: Attrs<O>): Spec {
  return (rules[op] as (inputs: Inputs<O>, attrs: Attrs<O>) => Spec)(inputs, attrs);
}
