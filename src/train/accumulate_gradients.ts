import { grad } from "../autograd/grad.ts";
import { add, assign, constant, input, mul, reshape, select, state, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { checkKind, wholeNumber } from "../tensor/options.ts";
import { sizeOf } from "../tensor/shape.ts";
import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";
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

/** The input of `microbatchInput`, u32 `[1]`. */
const inputName = "microbatch";

/** The input that says which microbatch of a step a run is, from 0. Only needed where steps have several. */
export function microbatchInput(index: number): Record<string, HostTensor<"u32">> {
  checkKind(index, wholeNumber(0, 2 ** 32 - 1), "Cannot number a microbatch: index");
  return { [inputName]: u32Tensor([1], Uint32Array.of(index)) };
}

/** The state that holds the gradient of a parameter, `grad.<parameter>`. */
export function gradientState(parameter: Tensor): Tensor {
  return state(`grad.${trainedName(parameter)}`, parameter);
}

/** The state that counts the microbatches of a step whose losses are not finite. */
export function nonfiniteState(): Tensor {
  return state("grad.nonfinite", { shape: [], dtype: "f32" });
}

/**
 * The effects that differentiate each objective and write its gradients into states, for `applyGradients`. Losses must be
 * means over their batch. With several microbatches a step, the states hold the mean gradient over those so far; the
 * first overwrites what they held. Gradients are those of the scaled losses.
 */
export function accumulateGradients(
  objectives: readonly Objective[],
  { microbatches = 1, others = [], checked = [], scale }: AccumulateOptions,
): Tensor[] {
  const index = microbatches > 1 ? input(inputName, { shape: [1], dtype: "u32" }) : undefined;
  const write = (sum: Tensor, value: Tensor) => assign(sum, index ? continued(index, sum, value) : value);
  const mean = (gradient: Tensor) => index ? mul(gradient, constant(1 / microbatches)) : gradient;
  const gradients = objectives.map(({ loss, parameters, kept }) =>
    grad(scale ? mul(loss, scale.factor) : loss, parameters, { kept })
  );
  const sums = objectives.flatMap(({ parameters }, i) =>
    parameters.map((parameter, j) => write(gradientState(parameter), mean(gradients[i]![j]!)))
  );
  // Running statistics must not take up a microbatch whose gradients are not finite.
  const norms = others.length > 0 ? gradients.map(gradientNorm) : [];
  const finite = allFinite([...objectives.map(({ loss }) => loss), ...norms, ...checked]);
  const nonfinite = nonfiniteState(), lost = sub(constant(1), finite);
  return [
    // From the last parameter on: in this order gradients come out of a loss, and each is written and forgotten.
    ...sums.reverse(),
    ...skipNonfinite(others, finite),
    write(nonfinite, lost),
  ];
}

/** `before + value`, or `value` alone where `index`, u32 `[1]`, is 0, whatever `before` holds. */
function continued(index: Tensor, before: Tensor, value: Tensor): Tensor {
  const row = (x: Tensor) => reshape(x, [1, sizeOf(x.shape)]);
  return reshape(select(index, { a: row(add(before, value)), b: row(value) }), value.shape);
}
