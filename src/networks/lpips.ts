import { add, constant, div, linear, mean, mul, reshape, sqrt, sub, sum } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Scope } from "../nn/scope.ts";
import type { Shape } from "../tensor/shape.ts";
import { f32Tensor } from "../tensor/tensor.ts";
import { vgg16Features, vgg16Shapes, vgg16Slices } from "./vgg16.ts";

/** The shapes of LPIPS's parameters by the names that `lpips` gives them. */
export const lpipsShapes: ReadonlyMap<string, Shape> = new Map([
  ...[...vgg16Shapes].map(([name, shape]) => [`net.${name}`, shape] as const),
  ...vgg16Slices.map(({ channels }, i) => [`lin${i}.model.1.weight`, [1, channels, 1, 1]] as const),
]);

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
  const [a, b] = [x, y].map((images) => vgg16Features(scope.at("net"), scaled(images))) as [
    Tensor[],
    Tensor[],
  ];
  const distances = vgg16Slices.map(({ channels }, level) => {
    const difference = sub(unit(a[level]!), unit(b[level]!));
    const weight = scope.at(`lin${level}`, "model", 1).param("weight", [1, channels, 1, 1]);
    const weighed = linear(mul(difference, difference), { weight: reshape(weight, [1, channels]) });
    return reshape(mean(weighed, [1, 2]), [x.shape[0]!]);
  });
  return distances.reduce(add);
}

/** Images in [−1,1], shifted and scaled by channel as LPIPS does before VGG16. */
function scaled(x: Tensor): Tensor {
  const constants = (values: readonly number[]) => constant(f32Tensor([3], Float32Array.from(values)));
  return div(sub(x, constants(shift)), constants(deviation));
}

/** Each position's features at length 1. */
function unit(x: Tensor): Tensor {
  const length = sqrt(add(sum(mul(x, x), [3]), constant(least)));
  return div(x, add(length, constant(eps)));
}
