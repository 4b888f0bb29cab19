/** The functions of single elements that `unary` and `binary` compute: what each means, and what it costs. */

/** A function of one number. */
export type UnaryFn =
  | "sqrt"
  | "silu"
  | "exp"
  | "log"
  | "sigmoid"
  | "tanh"
  | "softplus"
  | "gelu"
  | "abs"
  | "sign"
  | "relu"
  | "leaky_relu"
  | "clamp"
  | "between";

/** A function of two numbers. */
export type BinaryFn = "add" | "sub" | "mul" | "div" | "maximum" | "minimum" | "greater";

/** Numbers that some functions depend on beside their operand. */
export interface FunctionParameters {
  /** What `leaky_relu` multiplies negative numbers by. */
  readonly slope?: number;
  /** Bounds of `clamp` and `between`; either may be infinite. */
  readonly low?: number;
  readonly high?: number;
}

/** What is known of a function of one number. */
interface UnaryFunction {
  /** Operations for each element; see `flopOf`. */
  readonly flop: number;
  /** The parameters that it needs; default none. */
  readonly parameters?: readonly (keyof FunctionParameters)[];
  /** Its value, the definition that kernels are tested against. */
  of(x: number, parameters: Required<FunctionParameters>): number;
}

/** What is known of a function of two numbers. */
interface BinaryFunction {
  readonly flop: number;
  of(a: number, b: number): number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * The functions of one number. NaN gives NaN, but for `between`, where it gives 0.
 *
 * A new one needs a row here, its builder and gradient in `build/elementwise.ts`, and its code in `wasm/unary.ts` and
 * `kernels/unary.wgsl`.
 */
export const unaryFunctions: Readonly<Record<UnaryFn, UnaryFunction>> = {
  sqrt: { flop: 1, of: Math.sqrt },
  /** `x · sigmoid(x)`, also called swish. */
  silu: { flop: 4, of: (x) => x / (1 + Math.exp(-x)) },
  exp: { flop: 1, of: Math.exp },
  log: { flop: 1, of: Math.log },
  sigmoid: { flop: 3, of: sigmoid },
  tanh: { flop: 1, of: Math.tanh },
  /** `log(1 + exp(x))`, without overflow. `−softplus(−x)` is `log(sigmoid(x))`. */
  softplus: { flop: 4, of: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) },
  /** `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`, the usual approximation; (1 + tanh u)/2 is sigmoid(2u). */
  gelu: { flop: 9, of: (x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)) },
  abs: { flop: 0, of: Math.abs },
  /** −1, 0 or 1. */
  sign: { flop: 0, of: Math.sign },
  relu: { flop: 0, of: (x) => Math.max(x, 0) },
  /** `x` where it is above 0, `slope·x` elsewhere. */
  leaky_relu: { flop: 1, parameters: ["slope"], of: (x, { slope }) => x > 0 ? x : slope * x },
  /** The nearest number of [low, high]. */
  clamp: { flop: 0, parameters: ["low", "high"], of: (x, { low, high }) => Math.max(low, Math.min(high, x)) },
  /** 1 where low < x < high, else 0. */
  between: { flop: 0, parameters: ["low", "high"], of: (x, { low, high }) => x > low && x < high ? 1 : 0 },
};

/** The functions of two numbers. NaN in either gives NaN, but for `greater`, where it gives 0. */
export const binaryFunctions: Readonly<Record<BinaryFn, BinaryFunction>> = {
  add: { flop: 1, of: (a, b) => a + b },
  sub: { flop: 1, of: (a, b) => a - b },
  mul: { flop: 1, of: (a, b) => a * b },
  div: { flop: 1, of: (a, b) => a / b },
  maximum: { flop: 0, of: Math.max },
  minimum: { flop: 0, of: Math.min },
  /** 1 where a > b, else 0. */
  greater: { flop: 0, of: (a, b) => a > b ? 1 : 0 },
};
