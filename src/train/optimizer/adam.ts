import { add, constant, input, mul, reshape, slice, sqrt, state, sub } from "../../graph/build.ts";
import { assign, div } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { ArgumentError } from "../../tensor/errors.ts";
import { f32Tensor, type HostTensor } from "../../tensor/tensor.ts";

/** Adam's constants. */
export interface AdamConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps?: number;
}

/** A parameter (a state), its gradient, and how fast it decays beside what the gradient says (AdamW); 0 if not given. */
export interface AdamGroupMember {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly decay?: number;
}

/** What an optimizer's step makes of a parameter. */
export interface Updated {
  readonly name: string;
  /** The new value. */
  readonly value: Tensor;
  /** The assignments to the parameter and its moments. */
  readonly effects: readonly Tensor[];
}

/** The input of a program that carries what changes from step to step, f32 `[3]`; see `adamStep`. */
const inputName = (optimizer: string) => `${optimizer}.step`;

/**
 * One step of Adam, or with decays of AdamW (arXiv 1711.05101), as torch.optim computes it:
 * m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², p ← p·(1 − rate·decay) − rate/(1 − β₁ᵗ)·m / (√v/√(1 − β₂ᵗ) + eps).
 *
 * The moments are states `<optimizer>.m.<parameter>` and `<optimizer>.v.<parameter>`; rate and step come with each run
 * by the input that `adamStep` makes. Throws `ArgumentError` for a parameter that is no state.
 */
export function adam(
  members: readonly AdamGroupMember[],
  { beta1, beta2, eps = 1e-8, name: optimizer = "adam" }: AdamConfig & { name?: string },
): Updated[] {
  const step = input(inputName(optimizer), { shape: [3], dtype: "f32" });
  const scalar = (i: number) => reshape(slice(step, { axis: 0, start: i, length: 1 }), []);
  const [rate, stepSize, secondFactor] = [scalar(0), scalar(1), scalar(2)];
  return members.map(({ parameter, gradient, decay = 0 }) => {
    if (parameter.op !== "state") {
      throw new ArgumentError("Cannot train a parameter", { expected: "a state", got: parameter.op });
    }
    const { name } = parameter.attrs;
    const moment = (kind: string) => state(`${optimizer}.${kind}.${name}`, parameter);
    const m = moment("m"), v = moment("v");
    const first = add(mul(m, constant(beta1)), mul(gradient, constant(1 - beta1)));
    const second = add(mul(v, constant(beta2)), mul(mul(gradient, gradient), constant(1 - beta2)));
    const kept = decay === 0 ? parameter : mul(parameter, sub(constant(1), mul(rate, constant(decay))));
    const change = div(first, add(mul(sqrt(second), secondFactor), constant(eps)));
    const value = sub(kept, mul(change, stepSize));
    return { name, value, effects: [assign(m, first), assign(v, second), assign(parameter, value)] };
  });
}

/** The input of step `step` (from 1) at learning rate `rate`, by name: rate, rate/(1 − β₁ᵗ), 1/√(1 − β₂ᵗ). */
export function adamStep(
  { step, rate }: { step: number; rate: number },
  { beta1, beta2, name = "adam" }: AdamConfig & { name?: string },
): Record<string, HostTensor<"f32">> {
  const values = [rate, rate / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step)];
  return { [inputName(name)]: f32Tensor([3], Float32Array.from(values)) };
}
