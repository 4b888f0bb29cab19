import type { OpName } from "../graph/ops.ts";
import type { Leaf, View } from "../graph/views.ts";

/** Ops that become commands: leaves and views do not, and fusion has replaced `group_norm`. */
export type LoweredOp = Exclude<OpName, Leaf | View | "group_norm">;
