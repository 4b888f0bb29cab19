import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkShape, f32, rank } from "../checks.ts";
import { elements, swishFlop } from "../flop_counts.ts";
import type { FlopRules, NoAttrs, Operand, ShapeRules } from "../operand.ts";
import { outputPositions, type Padding, type Window } from "../window.ts";

/** Convolution, and the rearrangement of pixels. */
export interface ConvOps {
  /**
   * x `[N,…,C]` with one to three spatial axes, weight `[O,C,…]` with a kernel size for each, bias `[O]` → `[N,…,O]`.
   * Stride and zero padding are given by axis, the outermost first: time, height, width.
   *
   * After fusion: `affine` `[N,2,C]` and `swish` act on x before the padding, `residual` (of the result's shape) is
   * added, `depthToSpace` rearranges the result as the op of that name does.
   */
  conv: {
    inputs: { x: Operand; weight: Operand; bias?: Operand; affine?: Operand; residual?: Operand };
    attrs: {
      stride: readonly number[];
      padding: readonly Padding[];
      swish?: boolean;
      depthToSpace?: boolean;
    };
  };
  /** The gradient of `conv` by x of spatial sizes `size`: dy `[N,…,O]`, weight `[O,C,…]` → `[N,…,C]`. */
  conv_input_grad: {
    inputs: { dy: Operand; weight: Operand };
    attrs: { stride: readonly number[]; padding: readonly Padding[]; size: readonly number[] };
  };
  /**
   * The gradient of `conv` by its weight: x `[N,…,C]`, dy `[N,…,O]` → `[O,C,…]`.
   *
   * After fusion: `affine` and `swish` act on x first, as in `conv`.
   */
  conv_weight_grad: {
    inputs: { x: Operand; dy: Operand; affine?: Operand };
    attrs: Window & { swish?: boolean };
  };
  /** `[N,…,H,W,4·C]` → `[N,…,2·H,2·W,C]`: out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
  depth_to_space: { inputs: { x: Operand }; attrs: NoAttrs };
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const convShapes: ShapeRules<ConvOps> = {
  conv: ({ x, weight, bias, affine, residual }, { stride, padding, depthToSpace }) => {
    const [outputs, channels, ...kernel] = weightShape("conv", weight, x.shape.length);
    checkShape("conv", "weight", weight, [outputs, x.shape.at(-1)!, ...kernel]);
    if (bias) checkShape("conv", "bias", bias, [outputs]);
    if (affine) checkShape("conv", "affine", affine, [x.shape[0]!, 2, channels]);
    const full = [...outputPositions("conv", x, { kernel, stride, padding }), outputs];
    const shape = depthToSpace ? spaceFromDepth("conv", full) : full;
    if (residual) checkShape("conv", "residual", residual, shape);
    return f32(shape);
  },
  conv_input_grad: ({ dy, weight }, { stride, padding, size }) => {
    const [outputs, channels, ...kernel] = weightShape("conv_input_grad", weight, size.length + 2);
    const shape = [dy.shape[0]!, ...size, channels];
    checkShape("conv_input_grad", "dy", dy, [
      ...outputPositions("conv_input_grad", { shape }, { kernel, stride, padding }),
      outputs,
    ]);
    return f32(shape);
  },
  conv_weight_grad: ({ x, dy, affine }, window) => {
    const outputs = dy.shape.at(-1)!, channels = x.shape.at(-1)!;
    checkShape("conv_weight_grad", "dy", dy, [...outputPositions("conv_weight_grad", x, window), outputs]);
    if (affine) checkShape("conv_weight_grad", "affine", affine, [x.shape[0]!, 2, channels]);
    return f32([outputs, channels, ...window.kernel]);
  },
  depth_to_space: ({ x }) => f32(spaceFromDepth("depth_to_space", x.shape)),
};

/** Floating-point operations of each op; see `flopOf`. */
export const convFlop: FlopRules<ConvOps> = {
  conv: (tensor) => {
    const { x, weight, affine, residual } = tensor.inputs;
    const prologue = elements(x) * ((affine ? 2 : 0) + (tensor.attrs.swish ? swishFlop : 0));
    const product = 2 * sizeOf(weight.shape.slice(1)) * elements(tensor);
    return prologue + product + (residual ? elements(tensor) : 0);
  },
  conv_input_grad: ({ inputs: { dy, weight } }) => 2 * sizeOf(dy.shape) * sizeOf(weight.shape.slice(1)),
  conv_weight_grad: ({ inputs: { dy }, shape }) => 2 * sizeOf(dy.shape) * sizeOf(shape.slice(1)),
  depth_to_space: () => 0,
};

function weightShape(op: string, weight: Operand, axes: number): [number, number, ...number[]] {
  return [...rank(op, "weight", weight, axes)] as [number, number, ...number[]];
}

function spaceFromDepth(op: string, shape: Shape): Shape {
  check(op, "x", shape, shape.length >= 4, "[N,…,H,W,C]");
  const [h, w, channels] = shape.slice(-3) as [number, number, number];
  check(op, "x", shape, channels % 4 === 0, "a multiple of 4 channels");
  return [...shape.slice(0, -3), 2 * h, 2 * w, channels / 4];
}
