import type { PoolOps } from "../../graph/ops/pool.ts";
import { type Exporters, training } from "../exporter.ts";
import { padsOf } from "./conv.ts";

/** How pooling is exported. Channels come first. */
export const poolExporters: Exporters<keyof PoolOps> = {
  pool: ({ inputs: { x }, attrs: { fn, kernel, stride, padding } }, to) => {
    const window = { kernel_shape: kernel, strides: stride, pads: padsOf(padding) };
    return {
      first: fn === "max"
        ? to.node("MaxPool", [to.first(x)], window)
        : to.node("AveragePool", [to.first(x)], { ...window, count_include_pad: fn === "average" ? 0 : 1 }),
    };
  },
  pool_grad: training,
};
