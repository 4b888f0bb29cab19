import type { WeightFormat } from "../../src/backend/backend.ts";
import type { Operand } from "../../src/backend/webgpu/commands.ts";
import type { Target } from "../../src/backend/webgpu/lowering.ts";
import { viewed } from "../../src/graph/views.ts";
import { isTensor, type Layout, planLayout } from "../../src/backend/webgpu/layout.ts";
import { startingFlop } from "../../src/backend/webgpu/pace.ts";
import { fuse } from "../../src/graph/fuse.ts";
import type { Graph } from "../../src/graph/trace.ts";
import type { TokenizerConfig } from "../../src/networks/magvit2/config.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { decodeGraph, encodeGraph } from "../../src/tokenizer/programs.ts";
import type { TransformerConfig } from "../../src/networks/transformer/config.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";

/** The configuration of AR_256_B. */
export const transformer: TransformerConfig = {
  ...{ dim: 1024, heads: 16, layers: 24, factorizedLayers: 2, hidden: 2816 },
  ...{ bits: [6, 12], grid: 16, classes: 1000 },
};
/** The configuration of imagenet_256_L. */
export const tokenizer: TokenizerConfig = {
  ...{ kind: "image", ch: 128, chMult: [1, 1, 2, 2, 4], numResBlocks: 4 },
  ...{ zChannels: 18, inChannels: 3, outChannels: 3 },
};

/** What a program asks of a GPU, as it is planned: nothing of this needs one. */
export interface PlannedWork {
  readonly dispatches: number;
  readonly submits: number;
  readonly flop: number;
  /** Bytes of the matrices that are read, as often as they are read, and of all that is read or written. */
  readonly weightBytes: number;
  readonly movedBytes: number;
  readonly arenaBytes: number;
  readonly liveBytes: number;
  readonly largestBytes: number;
}

/** Bits of an element of a matrix. */
const bits: Readonly<Record<WeightFormat, number>> = { f32: 32, f16: 16, q8: 8.5, q4: 4.5 };

/** The work of a run on a GPU, with matrices in `format`. Of keys and values half is read, as on average. */
export function plannedWork(graph: Graph, format: WeightFormat): PlannedWork {
  const target: Target = {
    ...{ tiling: "staged", software: false, f16: true, workgroupBytes: 32768 },
    format: () => format,
  };
  const layout = planLayout(fuse(graph), { target, align: 256, guard: 0 });
  const { commands, plan, sizes } = layout;
  const flop = commands.reduce((sum, { flop }) => sum + flop, 0);
  let weightBytes = 0, movedBytes = 0;
  for (const { bindings } of commands) {
    for (const operand of new Set(Object.values(bindings))) {
      if (!operand) continue;
      const bytes = bytesMoved(operand, { layout, format, rows: rowsOf(bindings.index) });
      movedBytes += bytes;
      if ("packed" in operand && operand.layout === "matrix") weightBytes += bytes;
    }
  }
  const submits = Math.ceil(flop / startingFlop(false));
  const { bytes: arenaBytes, liveBytes } = plan;
  return {
    ...{ dispatches: commands.length, submits, flop, weightBytes, movedBytes, arenaBytes, liveBytes },
    largestBytes: Math.max(...sizes),
  };
}

/** The work of the published models: a token with guidance, an image of 256². */
export function publishedWork(): ({ readonly name: string } & PlannedWork)[] {
  const extent = { n: 1, height: 256, width: 256 };
  return [
    ...(["f32", "f16", "q8", "q4"] as const).map((format) => {
      const graph = stepGraph(transformer, { n: 1, guided: true, f16Cache: format !== "f32" });
      return { name: `a token of AR_256_B, ${format}`, ...plannedWork(graph, format) };
    }),
    { name: "encode, imagenet_256_L", ...plannedWork(encodeGraph(tokenizer, extent), "f32") },
    { name: "decode, imagenet_256_L", ...plannedWork(decodeGraph(tokenizer, extent), "f32") },
  ];
}

function bytesMoved(
  operand: Operand,
  { layout, format, rows }: { layout: Layout; format: WeightFormat; rows: number },
): number {
  if ("packed" in operand) {
    const { shape } = operand.packed.attrs;
    // Of a table some rows are read, in f16.
    if (operand.layout === "table") return rows * shape[1]! * (format === "f32" ? 4 : 2);
    return sizeOf(shape) * bits[format] / 8;
  }
  if (!isTensor(operand)) return layout.sizes[layout.scratch.get(operand)!]!;
  const tensor = viewed(operand);
  const bytes = sizeOf(tensor.shape) * 4;
  if (tensor.op !== "state") return bytes;
  return bytes / (tensor.attrs.f16 ? 2 : 1) / 2;
}

function rowsOf(index: Operand | undefined): number {
  return index && isTensor(index) ? sizeOf(index.shape) : 0;
}
