import { grad } from "../autograd/grad.ts";
import { add, assign, constant, input, mul, state, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";
import { allFinite, skipNonfinite } from "./skip_nonfinite.ts";
import type { LossScale } from "./loss_scale.ts";
import { trainedName } from "./optimizer/adam.ts";
import { gradientNorm } from "./optimizer/clip.ts";

/** A loss, and the parameters that one optimizer changes to reduce it. */
export interface Objective {
  /** The optimizer's name, as in `adamStep`. */
  readonly optimizer: string;
  readonly loss: Tensor;
  /** States. */
  readonly parameters: readonly Tensor[];
  /** Activations that are kept for the gradients, see `grad`. */
  readonly kept?: readonly Tensor[];
}

/** What is accumulated, and how. */
export interface AccumulateOptions {
  /** Microbatches of a step; default 1. */
  readonly microbatches?: number;
  /** Effects besides gradients, such as running statistics. They are skipped in a microbatch that is not finite. */
  readonly others?: readonly Tensor[];
  /** Numbers, `[]`, that must be finite besides losses and gradient norms. */
  readonly checked?: readonly Tensor[];
  /** Scales the losses before differentiation. */
  readonly scale?: LossScale;
}

/** The input of `microbatchInput`, f32 `[]`: 0 in the first microbatch of a step, 1 in the others. */
const inputName = "microbatch";

/** The input that says which microbatch of a step a run is, from 0. Only needed where steps have several. */
export function microbatchInput(index: number): Record<string, HostTensor<"f32">> {
  return { [inputName]: f32Tensor([], Float32Array.of(index > 0 ? 1 : 0)) };
}

/** The state that holds the gradient of a parameter, `grad.<parameter>`. */
export function gradientState(parameter: Tensor): Tensor {
  return state(`grad.${trainedName(parameter)}`, parameter);
}

/** The state that is 1 while all microbatches of a step were finite, else 0. */
export function finiteState(): Tensor {
  return state("grad.finite", { shape: [], dtype: "f32" });
}

/**
 * The effects that differentiate each objective and write the mean gradient over the microbatches of a step so far into
 * states, for `applyGradients`. Losses must be means over their batch. Gradients are those of the scaled losses.
 *
 * A microbatch whose losses, gradient norms or `checked` numbers are not finite changes only the state of `finiteState`:
 * the sums stay finite, so that the next step, which multiplies them by 0, starts from numbers.
 */
export function accumulateGradients(
  objectives: readonly Objective[],
  { microbatches = 1, others = [], checked = [], scale }: AccumulateOptions,
): Tensor[] {
  const later = microbatches > 1 ? input(inputName, { shape: [], dtype: "f32" }) : undefined;
  const accumulated = (before: Tensor, gradient: Tensor) =>
    later ? add(mul(before, later), mul(gradient, constant(1 / microbatches))) : gradient;
  const norms: Tensor[] = [];
  const sums = objectives.flatMap(({ loss, parameters, kept }) => {
    const gradients = grad(scale ? mul(loss, scale.factor) : loss, parameters, { kept });
    norms.push(gradientNorm(gradients));
    return parameters.map((parameter, i) => {
      const sum = gradientState(parameter);
      return assign(sum, accumulated(sum, gradients[i]!));
    });
  });
  const finite = allFinite([...objectives.map(({ loss }) => loss), ...norms, ...checked]);
  const all = finiteState();
  const before = later && add(mul(all, later), sub(constant(1), later));
  // The norms come first: they are computed in the order in which gradients come out of a loss, which saves memory.
  return [
    assign(all, before ? mul(finite, before) : finite),
    ...skipNonfinite([...sums, ...others], finite),
  ];
}
