import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Tensor } from "../ops.ts";
import type { PoolOps } from "../ops/pool.ts";
import type { Window } from "../window.ts";

/** The largest element under a window that slides over x `[N,…,C]`, by channel. */
export function maxPool(x: Tensor, window: Window): Tensor {
  return apply("pool", { x }, { ...window, fn: "max" });
}

/**
 * The mean of the elements under a window that slides over x `[N,…,C]`, by channel. Padding does not count, or counts as
 * zeros with `padded`.
 */
export function averagePool(x: Tensor, { padded = false, ...window }: Window & { padded?: boolean }): Tensor {
  return apply("pool", { x }, { ...window, fn: padded ? "average_padded" : "average" });
}

/** The gradients of these ops. */
export const poolGradients: Gradients<keyof PoolOps> = {
  pool: ({ inputs: { x }, attrs }, dy) => ({ x: apply("pool_grad", { x, dy }, attrs) }),
  pool_grad: "backward",
};
