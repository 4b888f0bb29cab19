import type { Shape } from "../tensor/shape.ts";
import { apply, reshape } from "./build.ts";
import type { Attrs, Inputs, Tensor } from "./ops.ts";

/** The sum over `axes`, which stay with length 1. Any axes: each run of neighbours is an op. */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  const sorted = [...axes].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of sorted) {
    const last = runs.at(-1);
    if (last?.at(-1) === axis - 1) last.push(axis);
    else runs.push([axis]);
  }
  return runs.reduce((y, run) => apply("sum", { x: y }, { axes: run }), x);
}

/** The sum of all elements, `[]`. */
export function total(x: Tensor): Tensor {
  return reshape(sum(x, x.shape.map((_, axis) => axis)), []);
}

/** The sum of all squares, `[]`. */
export function squareSum(x: Tensor): Tensor {
  return apply("square_sum", { x }, {});
}

/** `x`, repeated to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return `${x.shape}` === `${shape}` ? x : apply("broadcast_to", { x }, { shape });
}

/** Axis i of the result is axis `order[i]` of x. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  return apply("permute", { x }, { order });
}

/** `a / b`, broadcast. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply("div", { a, b }, {});
}

/** `exp(x)`. */
export function exp(x: Tensor): Tensor {
  return apply("exp", { x }, {});
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply("log", { x }, {});
}

/** `1 / (1 + exp(−x))`. */
export function sigmoid(x: Tensor): Tensor {
  return apply("sigmoid", { x }, {});
}

/** `log(1 + exp(x))`, without overflow. */
export function softplus(x: Tensor): Tensor {
  return apply("softplus", { x }, {});
}

/** `|x|`. */
export function abs(x: Tensor): Tensor {
  return apply("abs", { x }, {});
}

/** −1, 0 or 1. */
export function sign(x: Tensor): Tensor {
  return apply("sign", { x }, {});
}

/** `x` above zero, `slope·x` elsewhere. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  return apply("leaky_relu", { x }, { slope });
}

/** `max(x, 0)`. */
export function relu(x: Tensor): Tensor {
  return leakyRelu(x, 0);
}

/** `x` held to [low, high]; both are infinite if not given. */
export function clamp(
  x: Tensor,
  { low = -Infinity, high = Infinity }: { low?: number; high?: number },
): Tensor {
  return apply("clamp", { x }, { low, high });
}

/** `value`, with the gradient going to `gradient` as if it were that. */
export function straightThrough(value: Tensor, gradient: Tensor): Tensor {
  return apply("straight_through", { value, gradient }, {});
}

/** `x`, through which no gradient flows. */
export function detach(x: Tensor): Tensor {
  return apply("straight_through", { value: x }, {});
}

/** `a·b`, both `[…]` of two axes or of three, whose first is the batch; each may be given transposed. */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Tensor {
  if (a.shape.length !== 2) return apply("matmul", { a, b }, { transposeA, transposeB });
  const [x, y] = [a, b].map((matrix) => reshape(matrix, [1, ...matrix.shape])) as [Tensor, Tensor];
  const product = apply("matmul", { a: x, b: y }, { transposeA, transposeB });
  return reshape(product, product.shape.slice(1));
}

/** `log Σ exp(logits) − logits[target]` by row: logits `[R,V]`, target u32 `[R]` → `[R]`. */
export function crossEntropy(logits: Tensor, target: Tensor): Tensor {
  return apply("cross_entropy", { logits, target }, {});
}

/** `x / (1 − rate)` where an element is kept, 0 elsewhere; the mask is a function of random u32 `[4]` and the site. */
export function dropout(x: Tensor, attrs: { random: Tensor; rate: number; site: number }): Tensor {
  const { random, rate, site } = attrs;
  return rate === 0 ? x : apply("dropout", { x, random }, { rate, site });
}

/** The largest of each 2×2 block: `[N,H,W,C]` → `[N,⌊H/2⌋,⌊W/2⌋,C]`. */
export function maxPool(x: Tensor): Tensor {
  return apply("max_pool", { x }, {});
}

/** One step of Adam on a state; see `OpTable`. Make it an effect. */
export function adamUpdate(inputs: Inputs<"adam">, attrs: Attrs<"adam">): Tensor {
  return apply("adam", inputs, attrs);
}

/** Writes `value` into `state` at the end of a run, when all that reads the state has done so. Make it an effect. */
export function assign(state: Tensor, value: Tensor): Tensor {
  return apply("assign", { state, value }, {});
}
