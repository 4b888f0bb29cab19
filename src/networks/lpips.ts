import { add, constant, conv2d, linear, mean, mul, reshape, sqrt, sub } from "../graph/build.ts";
import { div, maxPool, relu, sum } from "../graph/build_training.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "../nn/scope.ts";
import type { Shape } from "../tensor/shape.ts";
import { f32Tensor } from "../tensor/tensor.ts";

/** The parts of VGG16 between poolings: number of each convolution in torchvision's list, and channels. */
const slices: readonly { readonly convs: readonly number[]; readonly channels: number }[] = [
  { convs: [0, 2], channels: 64 },
  { convs: [5, 7], channels: 128 },
  { convs: [10, 12, 14], channels: 256 },
  { convs: [17, 19, 21], channels: 512 },
  { convs: [24, 26, 28], channels: 512 },
];

/** The shapes of LPIPS's parameters by the names that `lpips` gives them. */
export const lpipsShapes: ReadonlyMap<string, Shape> = new Map(slices.flatMap(({ convs, channels }, i) => {
  const level = convs.flatMap((conv, j): [string, Shape][] => [
    [`net.slice${i + 1}.${conv}.weight`, [channels, j > 0 ? channels : slices[i - 1]?.channels ?? 3, 3, 3]],
    [`net.slice${i + 1}.${conv}.bias`, [channels]],
  ]);
  return [...level, [`lin${i}.model.1.weight`, [1, channels, 1, 1]] as const];
}));

const shift = [-0.030, -0.088, -0.188], deviation = [0.458, 0.448, 0.450];
/** Added to a feature vector's length; and, squared, below its root, whose slope at 0 would be infinite. */
const eps = 1e-10, least = 1e-24;

/**
 * The perceptual distance LPIPS (arXiv 1801.03924) of images x and y `[N,H,W,3]` in [−1,1], `[N]`: features of VGG16
 * after each slice, normalised to length 1; their squared differences, weighted by channel, averaged over positions and
 * summed. Sides are at least 16 pixels.
 *
 * Parameters: `net.slice<1…5>.<conv>.{weight,bias}`, the convolutions numbered as in torchvision's `features`, and
 * `lin<0…4>.model.1.weight`.
 */
export function lpips(scope: Scope, x: Tensor, y: Tensor): Tensor {
  const [a, b] = [x, y].map((images) => features(scope.at("net"), images)) as [Tensor[], Tensor[]];
  const distances = slices.map(({ channels }, level) => {
    const difference = sub(unit(a[level]!), unit(b[level]!));
    const weight = scope.at(`lin${level}`, "model", 1).param("weight", [1, channels, 1, 1]);
    const weighed = linear(mul(difference, difference), { weight: reshape(weight, [1, channels]) });
    return reshape(mean(weighed, [1, 2]), [x.shape[0]!]);
  });
  return distances.reduce(add);
}

function features(scope: Scope, x: Tensor): Tensor[] {
  const constants = (values: readonly number[]) => constant(f32Tensor([3], Float32Array.from(values)));
  let h = div(sub(x, constants(shift)), constants(deviation));
  return slices.map(({ convs, channels }, i) => {
    if (i > 0) h = maxPool(h);
    for (const conv of convs) {
      const at = scope.at(`slice${i + 1}`, conv);
      const weight = at.param("weight", [channels, h.shape[3]!, 3, 3]);
      h = relu(conv2d(h, { weight, bias: at.param("bias", [channels]), stride: 1, padding: 1 }));
    }
    return h;
  });
}

/** Each position's features at length 1. */
function unit(x: Tensor): Tensor {
  const length = sqrt(add(sum(mul(x, x), [3]), constant(least)));
  return div(x, add(length, constant(eps)));
}
