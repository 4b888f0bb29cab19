import type { OptimizerOps } from "../../graph/ops/optimizer.ts";
import { type Exporters, training } from "../exporter.ts";
import type { State } from "../states.ts";

/** How ops that write states are exported. */
export const optimizerExporters: Exporters<keyof OptimizerOps> = {
  assign: ({ inputs: { state, value, when } }, to) => {
    const given = to.plain(value);
    const written = when
      ? to.node("Where", [to.cast(to.plain(when), "bool"), given, to.plain(state)])
      : given;
    to.states.write(state as State, written);
    return written;
  },
  adam: training,
};
