import { add, constant, detach, mean, mul, relu, reshape, softplus, sub } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";

/** The losses that a discriminator is trained with. */
export type DiscriminatorLoss = "hinge" | "vanilla" | "non-saturating";

/** The mean of all elements, `[]`. */
export function meanOf(x: Tensor): Tensor {
  return reshape(mean(x, x.shape.map((_, axis) => axis)), []);
}

/** By image, the mean of its logits `[N,h,w,1]` over positions. */
function imageMeans(logits: Tensor): Tensor {
  return mean(logits, logits.shape.map((_, axis) => axis).slice(1));
}

function negated(x: Tensor): Tensor {
  return mul(x, constant(-1));
}

/** The non-saturating loss of the generator: the mean of softplus(−ℓ), ℓ the mean of an image's logits `[N,h,w,1]`. */
export function generatorLoss(fake: Tensor): Tensor {
  return meanOf(softplus(negated(imageMeans(fake))));
}

/** The loss of a discriminator with logits `[N,h,w,1]` of real images and of generated ones. */
export function discriminatorLoss(
  kind: DiscriminatorLoss,
  { real, fake }: { real: Tensor; fake: Tensor },
): Tensor {
  const half = (a: Tensor, b: Tensor) => mul(add(meanOf(a), meanOf(b)), constant(0.5));
  switch (kind) {
    case "hinge":
      return half(relu(sub(constant(1), real)), relu(add(fake, constant(1))));
    case "vanilla":
      return half(softplus(negated(real)), softplus(fake));
    case "non-saturating":
      return add(meanOf(softplus(negated(imageMeans(real)))), meanOf(softplus(imageMeans(fake))));
  }
}

/** The moving averages of a discriminator's mean logits, each `[]`; zeros before the first step. */
export interface LecamAverages {
  readonly real: Tensor;
  readonly fake: Tensor;
}

/** Decay of the averages in a step. */
const stepDecay = 0.999;

/**
 * The LeCam regulariser, `mean relu(real − ema_fake)² + mean relu(ema_real − fake)²`, and the averages after they took
 * the means of this batch, with which it is computed. No gradient flows through the averages. Each of a step's
 * `microbatches` moves them, so that all together move them as one batch would.
 */
export function lecam(
  { real, fake }: { real: Tensor; fake: Tensor },
  before: LecamAverages,
  { microbatches = 1 }: { microbatches?: number } = {},
): { loss: Tensor; averages: LecamAverages } {
  const decay = stepDecay ** (1 / microbatches);
  const after = (average: Tensor, logits: Tensor) =>
    add(mul(average, constant(decay)), mul(detach(meanOf(logits)), constant(1 - decay)));
  const averages = { real: after(before.real, real), fake: after(before.fake, fake) };
  const squares = (x: Tensor) => {
    const positive = relu(x);
    return meanOf(mul(positive, positive));
  };
  const loss = add(squares(sub(real, averages.fake)), squares(sub(averages.real, fake)));
  return { loss, averages };
}
