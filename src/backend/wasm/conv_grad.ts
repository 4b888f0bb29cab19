import type { Tensor, TensorOf } from "../../graph/ops.ts";
import type { Shape } from "../../tensor/shape.ts";
import { type Algorithm, lowerByFirstFit } from "../algorithms.ts";
import { type Axes3, type Volume, volumeOf, type VolumeWindow, volumeWindow } from "../volume.ts";
import type { Command } from "./commands.ts";
import { convCommands } from "./conv.ts";
import type { ConvPointers } from "./convolution.ts";
import type { Addresses } from "./lowering.ts";
import { packFlipped, plainConvBytes } from "./pack_conv.ts";

/** The gradient of a convolution by its input: a convolution of dy by the flipped kernels, channels and outputs swapped. */
interface InputGrad extends VolumeWindow {
  readonly dy: Volume;
  readonly x: Volume;
}

type GradAlgorithm = Algorithm<
  [grad: InputGrad, weight: number, pointers: Omit<ConvPointers, "weight">, at: Addresses],
  Command
>;

/** With strides of 1 it is one convolution by the whole kernel. */
const whole: GradAlgorithm = {
  name: "one convolution",
  fits: ({ stride }) => stride.every((step) => step === 1),
  commands: ({ dy, x, kernel, stride, before }, weight, pointers, at) => {
    const shape = [dy[4], x[4], ...kernel], packed = at.scratch(plainConvBytes(turned(shape)));
    const conv = { x: dy, out: x, kernel, stride, before: axes3((i) => kernel[i]! - 1 - before[i]!) };
    return [
      packFlipped(weight, shape, packed, { stride, last: axes3((i) => kernel[i]! - 1) }),
      ...convCommands(conv, { ...pointers, weight: packed }, at.scratch),
    ];
  },
};

/**
 * With a stride s, positions of x that are equal modulo s are read by the same taps, every s-th one of the kernel. For each
 * of these places the gradient is a convolution by its taps.
 */
const parts: GradAlgorithm = {
  name: "a convolution for each place modulo the stride",
  fits: () => true,
  commands: (grad, weight, pointers, at) =>
    placesIn(grad.stride).flatMap((place) => {
      const { dy, x, stride } = grad, shape = [dy[4], x[4], ...grad.kernel];
      const axes = axes3((i) => tapsAt(grad, i, place[i]!));
      const kernel = axes3((i) => axes[i]!.count),
        packed = at.scratch(plainConvBytes([x[4], dy[4], ...kernel]));
      const size = axes3((i) => x[i + 1]!);
      const conv = {
        ...{ x: dy, kernel, stride: [1, 1, 1] as const, before: axes3((i) => axes[i]!.before) },
        out: [x[0], ...axes3((i) => Math.ceil((size[i]! - place[i]!) / stride[i]!)), x[4]] as const,
        into: { step: stride, first: place, size },
      };
      return [
        packFlipped(weight, shape, packed, { stride, last: axes3((i) => axes[i]!.last) }),
        ...convCommands(conv, { ...pointers, weight: packed }, at.scratch),
      ];
    }),
};

const algorithms: readonly GradAlgorithm[] = [whole, parts];

/** The commands of the gradient of a convolution by its input. */
export function inputGradCommands(tensor: TensorOf<"conv_input_grad">, at: Addresses): Command[] {
  const { inputs: { dy, weight }, attrs } = tensor;
  const window = volumeWindow({ ...attrs, kernel: weight.shape.slice(2) });
  const grad = { dy: volumeOf(dy.shape), x: volumeOf(tensor.shape), ...window };
  const pointers = { x: at.of(dy), affine: 0, bias: 0, residual: 0, out: at.of(tensor as Tensor) };
  return lowerByFirstFit(algorithms, grad, at.of(weight), pointers, at);
}

/** All places modulo a stride. */
function placesIn([st, sy, sx]: Axes3): Axes3[] {
  return Array.from(
    { length: st * sy * sx },
    (_, i) => [Math.floor(i / sx / sy), Math.floor(i / sx) % sy, i % sx] as const,
  );
}

/** Along an axis: the last tap that reads positions at `place`, the number of such taps, and the padding before dy. */
function tapsAt(
  { kernel, stride, before }: InputGrad,
  axis: number,
  place: number,
): { last: number; count: number; before: number } {
  const k = kernel[axis]!, step = stride[axis]!, padding = before[axis]!;
  const first = (place + padding) % step, count = Math.max(0, Math.ceil((k - first) / step));
  const last = first + step * (Math.ceil((k - first) / step) - 1);
  return { last, count, before: (last - place - padding) / step };
}

function turned([outputs, channels, ...kernel]: Shape): Shape {
  return [channels!, outputs!, ...kernel];
}

function axes3<T>(of: (axis: number) => T): Axes3<T> {
  return [of(0), of(1), of(2)];
}
