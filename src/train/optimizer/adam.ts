import { adamUpdate, input, state } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import {
  checkFields,
  checkOptions,
  type Kinds,
  numberFrom,
  required,
  text,
  wholeNumber,
} from "../../tensor/options.ts";
import { f32Tensor, type HostTensor } from "../../tensor/tensor.ts";
import { emaName } from "./ema.ts";

/** Adam's constants. */
export interface AdamConfig {
  /** Decay of the mean of gradients. */
  readonly beta1: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2: number;
  /** Added to the root of the mean of squares; default 1e-8. */
  readonly eps?: number;
}

/** The kinds of `AdamConfig`. */
export const adamKinds: Kinds<AdamConfig> = {
  beta1: required(numberFrom(0, 1)),
  beta2: required(numberFrom(0, 1)),
  eps: numberFrom(0, Infinity),
};

/** A parameter (a state), its gradient, and its decoupled weight decay (AdamW), 0 by default. */
export interface AdamGroupMember {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly decay?: number;
}

/** Options of a step of Adam. */
export interface AdamStepOptions {
  /** The optimizer's name, where there are several. */
  readonly name?: string;
  /** Decay of the moving averages `ema.<parameter>`; without it there are none. */
  readonly emaDecay?: number;
  /** A factor of the gradients, `[]`, such as that of clipping. */
  readonly scale?: Tensor;
}

/** The name of the input that changes from step to step, f32 `[3]`; see `adamStep`. */
const inputName = (optimizer: string) => `${optimizer}.step`;

/**
 * One step of Adam, or with decays of AdamW (arXiv 1711.05101), as torch.optim computes it:
 * m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², p ← p·(1 − learningRate·decay) − learningRate/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps);
 * then ema ← ema + (1 − emaDecay)·(p − ema). Gives the effects that a graph needs.
 *
 * The moments are states `<optimizer>.m.<parameter>` and `<optimizer>.v.<parameter>`. The learning
 * rate and the step come with each run by the input that `adamStep` makes. Throws `ArgumentError` for a parameter that is
 * not a state.
 */
export function adam(
  members: readonly AdamGroupMember[],
  { beta1, beta2, eps = 1e-8, name: optimizer = "adam", emaDecay, scale }: AdamConfig & AdamStepOptions,
): Tensor[] {
  const step = input(inputName(optimizer), { shape: [3], dtype: "f32" });
  return members.map(({ parameter, gradient, decay = 0 }) => {
    const name = trainedName(parameter);
    const moment = (kind: string) => state(`${optimizer}.${kind}.${name}`, parameter);
    const average = emaDecay === undefined ? {} : { average: state(emaName(name), parameter) };
    return adamUpdate(
      { parameter, m: moment("m"), v: moment("v"), ...average, gradient, step, scale },
      { beta1, beta2, eps, decay, averageDecay: emaDecay ?? 0 },
    );
  });
}

/** The input of step `step` (from 1) and of a learning rate, by name: learningRate, learningRate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ). */
export function adamStep(
  at: { step: number; learningRate: number },
  config: AdamConfig & { name?: string },
): Record<string, HostTensor<"f32">> {
  const action = "make a step of Adam";
  checkOptions(
    at,
    { step: required(wholeNumber(1)), learningRate: required(numberFrom(0, Infinity)) },
    action,
  );
  // A training's configuration has other fields, too.
  checkFields(config, { ...adamKinds, name: text }, action);
  const { step, learningRate } = at, { beta1, beta2, name = "adam" } = config;
  const values = [learningRate, learningRate / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
  return { [inputName(name)]: f32Tensor([3], Float32Array.from(values)) };
}

/** The name of a trained parameter. Throws `ArgumentError` if it is not a state. */
export function trainedName(parameter: Tensor): string {
  if (parameter.op === "state") return parameter.attrs.name;
  throw new ArgumentError("Cannot train a parameter", { expected: "a state", got: parameter.op });
}
