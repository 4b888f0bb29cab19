import { add, assign, between, clamp, constant, mul, state, sub } from "../graph/build.ts";
import { type ActivationFormat, activationFormatNames } from "../backend/backend.ts";
import type { Tensor } from "../graph/ops.ts";
import { checkKind, type Kinds, numberFrom, oneOf, required, wholeNumber } from "../tensor/options.ts";

/** How losses are scaled, so that gradients in f16 are neither 0 nor infinite. */
export interface LossScaleConfig {
  /** The factor at first, a power of two. */
  readonly initial: number;
  /** The factor doubles after this number of steps with finite gradients. */
  readonly growthInterval: number;
}

/** The kinds of `LossScaleConfig`. */
export const lossScaleKinds: Kinds<LossScaleConfig> = {
  initial: required(numberFrom(1, Infinity)),
  growthInterval: required(wholeNumber(1)),
};

/** The states that hold the factor, and the number of finite steps since it changed. */
const factorName = "loss_scale", goodName = "loss_scale.good";
/** The bounds of the factor: powers of two, whose products are exact. */
export const leastLossScale = 1;
const most = 2 ** 24;

/**
 * How losses are scaled where activations and their gradients are stored as f16: from a factor that is rather too large
 * than too small, and doubled so rarely that steps lost by a doubling do not matter. None in f32.
 */
export function lossScaleFor(precision: ActivationFormat): LossScaleConfig | undefined {
  checkKind(precision, oneOf(activationFormatNames), "Cannot choose a loss scale: precision");
  return precision === "f16" ? { initial: 2 ** 16, growthInterval: 2000 } : undefined;
}

/** An adaptive factor of losses: halved when gradients are not finite, doubled when they were finite for long. */
export class LossScale {
  readonly #growthInterval: number;
  /** The factor of this step, `[]`. */
  readonly factor: Tensor = state(factorName, { shape: [], dtype: "f32" });
  /** The first values of the states. */
  readonly initial: ReadonlyMap<string, number>;

  constructor({ initial, growthInterval }: LossScaleConfig) {
    this.#growthInterval = growthInterval;
    this.initial = new Map([[factorName, initial]]);
  }

  /** The effects that update the factor after a step with gradients that were `finite`, 1 or 0. */
  next(finite: Tensor): Tensor[] {
    const good = state(goodName, { shape: [], dtype: "f32" });
    const count = mul(finite, add(good, constant(1)));
    const grows = between(count, { low: this.#growthInterval - 0.5 });
    const change = add(add(mul(finite, constant(0.5)), constant(0.5)), grows);
    return [
      assign(this.factor, clamp(mul(this.factor, change), { low: leastLossScale, high: most })),
      assign(good, mul(count, sub(constant(1), grows))),
    ];
  }
}
