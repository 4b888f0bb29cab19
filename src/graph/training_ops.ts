import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "./ops.ts";

/**
 * Ops that only graphs of training hold: backends that only infer may leave them out, by the type `TrainingOp`.
 *
 * Letters as in `OpTable`. The gradients of convolutions, attention and the like are ops of their own where composing
 * them would pass memory many times; others are composed.
 */
export interface TrainingOpTable {
  /** The sum over `axes`, which stay with length 1. */
  sum: { inputs: { x: Tensor }; attrs: { axes: readonly number[] } };
  /** The sum of all squares, `[]`. */
  square_sum: Unary;
  /** `x`, repeated to `shape` by NumPy's rules. */
  broadcast_to: { inputs: { x: Tensor }; attrs: { shape: Shape } };
  /** Axis i of the result is axis `order[i]` of x. */
  permute: { inputs: { x: Tensor }; attrs: { order: readonly number[] } };
  /** `a / b`, broadcast. */
  div: { inputs: { a: Tensor; b: Tensor }; attrs: NoAttrs };
  exp: Unary;
  /** The natural logarithm. */
  log: Unary;
  sigmoid: Unary;
  /** `log(1 + exp(x))`, without overflow. `−softplus(−x)` is `log(sigmoid(x))`. */
  softplus: Unary;
  abs: Unary;
  /** −1, 0 or 1. */
  sign: Unary;
  /** `x` above zero, `slope·x` elsewhere; relu where slope is 0. */
  leaky_relu: { inputs: { x: Tensor }; attrs: { slope: number } };
  /** `x` held to [low, high]; either may be infinite. */
  clamp: { inputs: { x: Tensor }; attrs: { low: number; high: number } };
  /** 1 where low < x < high, else 0. */
  between: { inputs: { x: Tensor }; attrs: { low: number; high: number } };
  /** The elements of `value`; gradients go to `gradient`, of the same shape, or nowhere. */
  straight_through: { inputs: { value: Tensor; gradient?: Tensor }; attrs: NoAttrs };
  /** `a·b` by batch: a `[B,M,K]`, or `[B,K,M]` where transposed, b `[B,K,N]`, or `[B,N,K]` → `[B,M,N]`. */
  matmul: {
    inputs: { a: Tensor; b: Tensor };
    attrs: { transposeA: boolean; transposeB: boolean };
  };

  /**
   * `x·m`, m = 1/(1 − rate) where an element is kept, 0 elsewhere. Element i is kept where word i mod 4 of Philox under
   * key (r0, r1) and counter (⌊i/4⌋, site, r2, r3) is at least ⌊rate·2³²⌋: a function of random u32 `[4]` = r, of the
   * site, and of the element's place alone, so that the gradient computes its mask again, and none is stored.
   */
  dropout: { inputs: { x: Tensor; random: Tensor }; attrs: { rate: number; site: number } };

  /** The gradient of `silu` by x: `dy·s·(1 + x·(1 − s))`, s = sigmoid(x). */
  silu_grad: Backward;
  /** The gradient of `swiglu` by its gate: `silu_grad(gate, dy·up)`. (That by `up` is `swiglu(gate, dy)`.) */
  swiglu_grad: { inputs: { gate: Tensor; up: Tensor; dy: Tensor }; attrs: NoAttrs };
  /** The gradient of `rms_norm` by x: with x̂ = x·r, r = 1/√(mean x² + eps): `r·(w·dy − x̂·mean(w·dy·x̂))`. */
  rms_norm_grad: { inputs: { x: Tensor; weight: Tensor; dy: Tensor }; attrs: { eps: number } };
  /** The gradient of `rms_norm` by its weight: x and dy `[…,D]` → `[D]`, Σ dy·x̂ over all rows. */
  rms_norm_weight_grad: { inputs: { x: Tensor; dy: Tensor }; attrs: { eps: number } };
  /** The gradient of `leaky_relu` by x. */
  leaky_relu_grad: { inputs: { x: Tensor; dy: Tensor }; attrs: { slope: number } };
  /** The gradient of `conv2d` by x: dy `[N,H',W',O]`, weight `[O,C,K,K]` → `[N,height,width,C]`. */
  conv2d_input_grad: {
    inputs: { dy: Tensor; weight: Tensor };
    attrs: { stride: number; padding: number; height: number; width: number };
  };
  /**
   * The gradient of `conv2d` by its weight: x `[N,H,W,C]`, dy `[N,H',W',O]` → `[O,C,kh,kw]`, kernel `[kh,kw]`.
   *
   * After fusion: `affine` and `swish` act on x first, as in `conv2d`.
   */
  conv2d_weight_grad: {
    inputs: { x: Tensor; dy: Tensor; affine?: Tensor };
    attrs: { stride: number; padding: number; kernel: readonly [number, number]; swish?: boolean };
  };
  /**
   * Sums over positions by channel, affine `[N,2,C]` = (a, b) → `[N,2,C]`: Σ dy, then Σ dy·(x·a + b).
   *
   * After fusion: `activation` `[N,2,C]` = (a', b') makes of dy the gradient of `silu` by x·a' + b'.
   */
  channel_sums: { inputs: { x: Tensor; dy: Tensor; affine: Tensor; activation?: Tensor }; attrs: NoAttrs };
  /**
   * The gradient of `group_norm` by x, from what its weights of 1 and biases of 0 would do to each channel (affine
   * `[N,2,C]` = (r, b), x̂ = x·r + b), sums = `channel_sums` of it, weight `[C]` or `[N,C]`:
   * `r·(w·dy − mean(w·dy) − x̂·mean(w·dy·x̂))`, the means over the group.
   *
   * After fusion: `activation` as in `channel_sums`.
   */
  group_norm_grad: {
    inputs: { x: Tensor; dy: Tensor; affine: Tensor; sums: Tensor; weight: Tensor; activation?: Tensor };
    attrs: { groups: number };
  };
  /** The gradient of `embedding` by its table `[words,D]`: rows of dy `[…,D]`, added in their order. */
  embedding_grad: { inputs: { index: Tensor; dy: Tensor }; attrs: { words: number } };
  /** The gradient of `attention` by qkv `[B,P,3·D]`, the probabilities computed again: dy `[B,P,D]`. */
  attention_grad: { inputs: { qkv: Tensor; dy: Tensor }; attrs: { heads: number } };
  /** `log Σ exp(logits) − logits[target]` by row: logits `[R,V]`, target u32 `[R]` (below V) → `[R]`. */
  cross_entropy: { inputs: { logits: Tensor; target: Tensor }; attrs: NoAttrs };
  /** The gradient of `cross_entropy`, which gave `loss`, by logits: loss and dy `[R]` → `[R,V]`. */
  cross_entropy_grad: {
    inputs: { logits: Tensor; target: Tensor; loss: Tensor; dy: Tensor };
    attrs: NoAttrs;
  };
  /** The largest of each 2×2 block: `[N,H,W,C]` → `[N,⌊H/2⌋,⌊W/2⌋,C]`. */
  max_pool: Unary;
  /** The gradient of `max_pool` by x: dy goes to the first of the largest, row by row. */
  max_pool_grad: Backward;

  /**
   * Writes `value` into `state`, once all other ops that read the state have done so. Nothing may read the result; as an
   * output it shows what the state then holds. A value that is no more than a view of a state is refused. Where u32 `[]`
   * `when` is given and 0, nothing is written, whatever the value holds.
   */
  assign: { inputs: { state: Tensor; value: Tensor; when?: Tensor }; attrs: NoAttrs };
  /**
   * A step of Adam, as `optimizer/adam.ts` says, in place: `parameter`, its moments `m` and `v`, and `average` if there is
   * one, are states of one shape, and take their new values as `assign` would write them. `step` `[3]`: the rate,
   * rate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ); the gradient counts `scale` `[]` times. `when` is as in `assign`. As an output it shows the new parameter.
   */
  adam: {
    inputs: {
      parameter: Tensor;
      m: Tensor;
      v: Tensor;
      average?: Tensor;
      gradient: Tensor;
      step: Tensor;
      scale?: Tensor;
      when?: Tensor;
    };
    attrs: { beta1: number; beta2: number; eps: number; decay: number; averageDecay: number };
  };
}

type NoAttrs = Readonly<Record<never, never>>;
interface Unary {
  inputs: { x: Tensor };
  attrs: NoAttrs;
}
interface Backward {
  inputs: { x: Tensor; dy: Tensor };
  attrs: NoAttrs;
}

/** The name of an op that only training graphs hold. */
export type TrainingOp = keyof TrainingOpTable;
