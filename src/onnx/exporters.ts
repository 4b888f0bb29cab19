import type { OpName } from "../graph/ops.ts";
import type { Exporters } from "./exporter.ts";
import { attentionExporters } from "./ops/attention.ts";
import { convExporters } from "./ops/conv.ts";
import { elementwiseExporters } from "./ops/elementwise.ts";
import { leavesExporters } from "./ops/leaves.ts";
import { linearExporters } from "./ops/linear.ts";
import { lossExporters } from "./ops/loss.ts";
import { normExporters } from "./ops/norm.ts";
import { optimizerExporters } from "./ops/optimizer.ts";
import { poolExporters } from "./ops/pool.ts";
import { quantizeExporters } from "./ops/quantize.ts";
import { reduceExporters } from "./ops/reduce.ts";
import { samplingExporters } from "./ops/sampling.ts";
import { shapeExporters } from "./ops/shape.ts";

/** For every op, how it is exported or why it is not. */
export const exporters: Exporters<OpName> = {
  ...leavesExporters,
  ...elementwiseExporters,
  ...shapeExporters,
  ...reduceExporters,
  ...linearExporters,
  ...convExporters,
  ...poolExporters,
  ...normExporters,
  ...attentionExporters,
  ...quantizeExporters,
  ...samplingExporters,
  ...lossExporters,
  ...optimizerExporters,
};
