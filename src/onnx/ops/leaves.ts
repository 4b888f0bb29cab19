import type { LeavesOps } from "../../graph/ops/leaves.ts";
import type { Exporters } from "../exporter.ts";

/**
 * How leaves are exported. The emitter gives weights and states a value where an op asks for it; inputs have theirs before
 * anything is exported.
 */
export const leavesExporters: Exporters<keyof LeavesOps> = {
  input: (tensor, to) => to.plain(tensor),
  param: (tensor, to) => to.plain(tensor),
  state: (tensor, to) => to.plain(tensor),
  constant: ({ attrs: { value } }, to) => to.host(value),
};
