import type { LossOps } from "../../graph/ops/loss.ts";
import { type Exporters, training } from "../exporter.ts";
import { unsqueeze } from "./shape.ts";

/** How losses are exported. */
export const lossExporters: Exporters<keyof LossOps> = {
  cross_entropy: ({ inputs: { logits, target } }, to) => {
    const wide = to.wide(to.plain(logits));
    const total = to.node("ReduceLogSumExp", [wide], { axes: [1] });
    const column = unsqueeze(to.plain(target), { axes: [1], to });
    const chosen = to.node("GatherElements", [wide, column], { axis: 1 });
    return to.narrow(to.node("Squeeze", [to.node("Sub", [total, chosen]), to.ints([1])]));
  },
  cross_entropy_grad: training,
};
