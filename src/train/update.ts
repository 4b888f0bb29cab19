import { grad } from "../autograd/grad.ts";
import { constant, div, mul } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { Accumulation } from "./accumulation.ts";
import { allFinite, guarded } from "./guard.ts";
import type { LossScale, LossScaleConfig } from "./loss_scale.ts";
import { adam, type AdamConfig } from "./optimizer/adam.ts";
import { clipFactor, gradientNorm } from "./optimizer/clip.ts";

/** What is made smaller by one optimizer. */
export interface Objective {
  /** As `adamStep` names the optimizer. */
  readonly optimizer: string;
  readonly loss: Tensor;
  /** States. */
  readonly parameters: readonly Tensor[];
  /** What is kept for gradients, see `grad`. */
  readonly kept?: readonly Tensor[];
}

/** How parameters are brought to their next values. */
export interface UpdateConfig {
  /** Decays of the Adam optimizer. */
  readonly adam: AdamConfig;
  /** Decay of the parameters' moving averages; none are kept if not given. */
  readonly emaDecay?: number;
  /** How fast tensors of two or more dimensions decay; 0 if not given. The others do not. */
  readonly weightDecay?: number;
  /** The largest common length of an objective's gradients: longer ones are scaled down to it. */
  readonly clip?: number;
  /** Into how many runs a step is split, each on a part of its batch; 1 if not given. See `stepPart`. */
  readonly parts?: number;
  /** Scales losses, for gradients of little range. */
  readonly lossScale?: LossScaleConfig;
}

/** An update as a part of a step's graph. */
export interface Update {
  readonly effects: readonly Tensor[];
  /** The length of each objective's gradients, before clipping: over a step's parts so far. */
  readonly norms: readonly Tensor[];
  /**
   * `finite`: 1, or 0 where losses or gradients of the step are not, and nothing is updated; `loss_scale` of the next run
   * where losses are scaled.
   */
  readonly logs: Readonly<Record<string, Tensor>>;
  /** States that begin with another number than 0, by name. */
  readonly initial: ReadonlyMap<string, number>;
}

/**
 * One step of Adam for each objective; all see the parameters as they were before. Where a loss, the length of gradients or
 * one of the numbers that are `checked` is not finite, all states stay as they were, those that `others` would change
 * beside parameters as well.
 *
 * With parts, gradients add up to the mean over a step's runs, and the last one updates; losses must be means. Losses are
 * given as they are, whether `scale` scales them or not.
 */
export function update(
  objectives: readonly Objective[],
  { parts = 1, weightDecay = 0, ...config }: Omit<UpdateConfig, "lossScale">,
  { others = [], checked = [], scale }: {
    others?: readonly Tensor[];
    checked?: readonly Tensor[];
    scale?: LossScale;
  } = {},
): Update {
  const accumulation = parts > 1 ? new Accumulation(parts) : undefined;
  const unscaled = scale && div(constant(1), scale.factor);
  const steps = objectives.map(({ optimizer, loss, parameters, kept }) => {
    const gradients = grad(scale ? mul(loss, scale.factor) : loss, parameters, { kept });
    if (!accumulation) {
      const length = gradientNorm(gradients);
      return {
        optimizer,
        parameters,
        gradients,
        norm: unscaled ? mul(length, unscaled) : length,
        factor: unscaled,
      };
    }
    const sums = parameters.map((parameter, i) => {
      const gradient = gradients[i]!;
      return accumulation.add(parameter, unscaled ? mul(gradient, unscaled) : gradient);
    });
    return { optimizer, parameters, gradients: sums, norm: gradientNorm(sums), factor: undefined };
  });

  const norms = steps.map(({ norm }) => norm);
  const finite = allFinite([...objectives.map(({ loss }) => loss), ...norms, ...checked]);
  const end = accumulation?.end(finite) ?? { update: finite, finite, effects: [] };
  const updates = steps.flatMap(({ optimizer, parameters, gradients, norm, factor }) => {
    const members = parameters.map((parameter, i) => ({
      parameter,
      gradient: gradients[i]!,
      decay: parameter.shape.length >= 2 ? weightDecay : 0,
    }));
    const factors = [factor, config.clip === undefined ? undefined : clipFactor(norm, config.clip)]
      .filter((each) => each !== undefined);
    return adam(members, {
      ...config.adam,
      name: optimizer,
      emaDecay: config.emaDecay,
      scale: factors.length > 0 ? factors.reduce(mul) : undefined,
    });
  });
  return {
    effects: [
      ...guarded(updates, end.update),
      ...guarded(others, finite),
      ...end.effects,
      ...scale?.next(finite) ?? [],
    ],
    norms,
    logs: { finite: end.finite, ...scale && { loss_scale: scale.factor } },
    initial: scale?.initial ?? new Map(),
  };
}
