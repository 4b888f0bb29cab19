import { apply } from "../apply.ts";
import type { Tensor } from "../ops.ts";

/** `a + b`, broadcast. */
export function add(a: Tensor, b: Tensor): Tensor {
  return apply("add", { a, b }, {});
}

/** `a − b`, broadcast. */
export function sub(a: Tensor, b: Tensor): Tensor {
  return apply("sub", { a, b }, {});
}

/** `a · b`, elementwise, broadcast. */
export function mul(a: Tensor, b: Tensor): Tensor {
  return apply("mul", { a, b }, {});
}

/** `a / b`, broadcast. */
export function div(a: Tensor, b: Tensor): Tensor {
  return apply("div", { a, b }, {});
}

/** The square root of each element. */
export function sqrt(x: Tensor): Tensor {
  return apply("sqrt", { x }, {});
}

/** `x · sigmoid(x)`. */
export function silu(x: Tensor): Tensor {
  return apply("silu", { x }, {});
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

/** `silu(gate) · up`. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return apply("swiglu", { gate, up }, {});
}

/** `x / (1 − rate)` where an element is kept, 0 elsewhere; the mask is a function of random u32 `[4]` and the site. */
export function dropout(x: Tensor, attrs: { random: Tensor; rate: number; site: number }): Tensor {
  const { random, rate, site } = attrs;
  return rate === 0 ? x : apply("dropout", { x, random }, { rate, site });
}
