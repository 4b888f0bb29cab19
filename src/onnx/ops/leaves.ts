import type { LeavesOps } from "../../graph/ops/leaves.ts";
import type { Exporters } from "../exporter.ts";

/** How leaves are exported: the emitter gives them a value where an op asks for it. */
export const leavesExporters: Exporters<keyof LeavesOps> = {
  input: (tensor, to) => to.plain(tensor),
  param: (tensor, to) => to.plain(tensor),
  state: (tensor, to) => to.plain(tensor),
  constant: (tensor, to) => to.plain(tensor),
};
