import { between, constant, div, mul } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import {
  checkFields,
  checkOptions,
  type Kinds,
  numberFrom,
  oneOf,
  record,
  required,
  wholeNumber,
} from "../tensor/options.ts";
import { gradientState, nonfiniteState, type Objective } from "./accumulate_gradients.ts";
import { type LossScale, type LossScaleConfig, lossScaleKinds } from "./loss_scale.ts";
import { adam, type AdamConfig, adamKinds } from "./optimizer/adam.ts";
import { clipFactor, gradientNorm } from "./optimizer/clip.ts";
import { allFinite, skipNonfinite } from "./skip_nonfinite.ts";

/** How parameters are updated. */
export interface UpdateConfig {
  /** Decays of the Adam optimizer. */
  readonly adam: AdamConfig;
  /** Decay of the parameters' moving averages; without it there are none. */
  readonly emaDecay?: number;
  /** Decoupled weight decay (AdamW); default 0. */
  readonly weightDecay?: number;
  /** What decays: `matrices`, tensors of two or more dimensions (the default), or `all`. */
  readonly weightDecayOn?: "matrices" | "all";
  /** The maximum norm of an objective's gradients together; longer ones are scaled down to it. */
  readonly clip?: number;
  /** Microbatches of a step, over which gradients are averaged; default 1. See `microbatchInput`. */
  readonly microbatches?: number;
  /** Scales losses, for gradients of a small range. */
  readonly lossScale?: LossScaleConfig;
}

/** The kinds of `UpdateConfig`. */
export const updateKinds: Kinds<UpdateConfig> = {
  adam: required(record),
  emaDecay: numberFrom(0, 1),
  weightDecay: numberFrom(0, Infinity),
  weightDecayOn: oneOf(["matrices", "all"]),
  clip: numberFrom(0, Infinity),
  microbatches: wholeNumber(1),
  lossScale: record,
};

/** Throws `ArgumentError` for what is wrong within the fields of an `UpdateConfig`; `action` completes "Cannot …". */
export function checkUpdate({ adam, lossScale }: UpdateConfig, action: string): void {
  checkFields(adam, adamKinds, `${action}: adam`);
  if (lossScale) checkOptions(lossScale, lossScaleKinds, `${action}: lossScale`);
}

/** The application of gradients as part of a graph. */
export interface Application {
  readonly effects: readonly Tensor[];
  /** The norm of each objective's gradients, before clipping and without the loss scale. */
  readonly norms: readonly Tensor[];
  /**
   * `finite`: 1, or 0 where losses or gradients of the step are not finite and nothing is updated; `loss_scale` of the
   * next step where losses are scaled.
   */
  readonly logs: Readonly<Record<string, Tensor>>;
}

/**
 * One step of Adam for each objective, from the gradients that `accumulateGradients` left in states. All objectives see
 * the parameters as they were before. Where a loss or gradient of the step is not finite, only the loss scale changes.
 */
export function applyGradients(
  objectives: readonly Objective[],
  { weightDecay = 0, weightDecayOn = "matrices", ...config }: Omit<
    UpdateConfig,
    "lossScale" | "microbatches"
  >,
  scale?: LossScale,
): Application {
  const unscale = scale && div(constant(1), scale.factor);
  const steps = objectives.map(({ optimizer, parameters }) => {
    const gradients = parameters.map(gradientState), norm = gradientNorm(gradients);
    return { optimizer, parameters, gradients, norm: unscale ? mul(norm, unscale) : norm };
  });
  const norms = steps.map(({ norm }) => norm);
  const finite = mul(between(nonfiniteState(), { high: 0.5 }), allFinite(norms));
  const updates = steps.flatMap(({ optimizer, parameters, gradients, norm }) => {
    const members = parameters.map((parameter, i) => ({
      parameter,
      gradient: gradients[i]!,
      decay: weightDecayOn === "all" || parameter.shape.length >= 2 ? weightDecay : 0,
    }));
    const factors = [unscale, config.clip === undefined ? undefined : clipFactor(norm, config.clip)]
      .filter((each) => each !== undefined);
    return adam(members, {
      ...config.adam,
      name: optimizer,
      emaDecay: config.emaDecay,
      scale: factors.length > 0 ? factors.reduce(mul) : undefined,
    });
  });
  return {
    effects: [...skipNonfinite(updates, finite), ...scale?.next(finite) ?? []],
    norms,
    logs: { finite, ...scale && { loss_scale: scale.factor } },
  };
}
