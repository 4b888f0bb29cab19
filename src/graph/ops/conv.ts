import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { check, checkShape, f32, rank } from "../checks.ts";
import { elements, swishFlop } from "../flop_counts.ts";
import type { Backward, FlopRules, NoAttrs, Operand, ShapeRules, Unary } from "../operand.ts";

/** Convolution, pooling and the rearrangement of pixels. */
export interface ConvOps {
  /**
   * x `[N,H,W,C]`, weight `[O,C,K,K]`, bias `[O]` → `[N,H',W',O]`, zero padding on all four sides.
   *
   * After fusion: `affine` `[N,2,C]` and `swish` act on x before the padding, `residual` (of the result's shape) is
   * added, `depthToSpace` rearranges the result as the op of that name does.
   */
  conv2d: {
    inputs: { x: Operand; weight: Operand; bias?: Operand; affine?: Operand; residual?: Operand };
    attrs: { stride: number; padding: number; swish?: boolean; depthToSpace?: boolean };
  };
  /** The gradient of `conv2d` by x: dy `[N,H',W',O]`, weight `[O,C,K,K]` → `[N,height,width,C]`. */
  conv2d_input_grad: {
    inputs: { dy: Operand; weight: Operand };
    attrs: { stride: number; padding: number; height: number; width: number };
  };
  /**
   * The gradient of `conv2d` by its weight: x `[N,H,W,C]`, dy `[N,H',W',O]` → `[O,C,kh,kw]`, kernel `[kh,kw]`.
   *
   * After fusion: `affine` and `swish` act on x first, as in `conv2d`.
   */
  conv2d_weight_grad: {
    inputs: { x: Operand; dy: Operand; affine?: Operand };
    attrs: { stride: number; padding: number; kernel: readonly [number, number]; swish?: boolean };
  };
  /** `[N,H,W,4·C]` → `[N,2·H,2·W,C]`: out[2h+a, 2w+b, c] = x[h, w, (2a+b)·C + c]. */
  depth_to_space: { inputs: { x: Operand }; attrs: NoAttrs };
  /** The largest of each 2×2 block: `[N,H,W,C]` → `[N,⌊H/2⌋,⌊W/2⌋,C]`. */
  max_pool: Unary;
  /** The gradient of `max_pool` by x: dy goes to the first of the largest, row by row. */
  max_pool_grad: Backward;
}

/** What each op makes of its inputs. Throws `ShapeError` where they do not fit. */
export const convShapes: ShapeRules<ConvOps> = {
  conv2d: ({ x, weight, bias, affine, residual }, { stride, padding, depthToSpace }) => {
    const [n, h, w, channels] = rank("conv2d", "x", x, 4) as [number, number, number, number];
    const [outputs, , kh, kw] = rank("conv2d", "weight", weight, 4) as [number, number, number, number];
    checkShape("conv2d", "weight", weight, [outputs, channels, kh, kw]);
    if (bias) checkShape("conv2d", "bias", bias, [outputs]);
    if (affine) checkShape("conv2d", "affine", affine, [n, 2, channels]);
    const outH = Math.floor((h + 2 * padding - kh) / stride) + 1;
    const outW = Math.floor((w + 2 * padding - kw) / stride) + 1;
    check("conv2d", "x", x.shape, outH > 0 && outW > 0, `at least ${kh}×${kw} after padding`);
    const shape = depthToSpace
      ? spaceFromDepth("conv2d", [n, outH, outW, outputs])
      : [n, outH, outW, outputs];
    if (residual) checkShape("conv2d", "residual", residual, shape);
    return f32(shape);
  },
  conv2d_input_grad: ({ dy, weight }, { stride, padding, height, width }) => {
    const [n, , , outputs] = rank("conv2d_input_grad", "dy", dy, 4) as [number, number, number, number];
    const [, channels, kh, kw] = rank("conv2d_input_grad", "weight", weight, 4) as [
      number,
      number,
      number,
      number,
    ];
    checkShape("conv2d_input_grad", "weight", weight, [outputs, channels, kh, kw]);
    const shape = [
      n,
      convolved(height, { k: kh, stride, padding }),
      convolved(width, { k: kw, stride, padding }),
    ];
    checkShape("conv2d_input_grad", "dy", dy, [...shape, outputs]);
    return f32([n, height, width, channels]);
  },
  conv2d_weight_grad: ({ x, dy, affine }, { stride, padding, kernel: [kh, kw] }) => {
    const [n, h, w, channels] = rank("conv2d_weight_grad", "x", x, 4) as [number, number, number, number];
    const outputs = rank("conv2d_weight_grad", "dy", dy, 4)[3]!;
    const shape = [n, convolved(h, { k: kh, stride, padding }), convolved(w, { k: kw, stride, padding })];
    checkShape("conv2d_weight_grad", "dy", dy, [...shape, outputs]);
    if (affine) checkShape("conv2d_weight_grad", "affine", affine, [n, 2, channels]);
    return f32([outputs, channels, kh, kw]);
  },
  depth_to_space: ({ x }) => f32(spaceFromDepth("depth_to_space", rank("depth_to_space", "x", x, 4))),
  max_pool: ({ x }) => f32(pooled("max_pool", x)),
  max_pool_grad: ({ x, dy }) => {
    checkShape("max_pool_grad", "dy", dy, pooled("max_pool_grad", x));
    return f32(x.shape);
  },
};

/** Floating-point operations of each op; see `flopOf`. */
export const convFlop: FlopRules<ConvOps> = {
  conv2d: (tensor) => {
    const { x, weight, affine, residual } = tensor.inputs;
    const prologue = elements(x) * ((affine ? 2 : 0) + (tensor.attrs.swish ? swishFlop : 0));
    const product = 2 * sizeOf(weight.shape.slice(1)) * elements(tensor);
    return prologue + product + (residual ? elements(tensor) : 0);
  },
  conv2d_input_grad: ({ inputs: { dy, weight } }) => 2 * sizeOf(dy.shape) * sizeOf(weight.shape.slice(1)),
  conv2d_weight_grad: ({ inputs: { dy }, shape }) => 2 * sizeOf(dy.shape) * sizeOf(shape.slice(1)),
  depth_to_space: () => 0,
  max_pool: () => 0,
  max_pool_grad: () => 0,
};

function convolved(
  length: number,
  { k, stride, padding }: { k: number; stride: number; padding: number },
): number {
  return Math.floor((length + 2 * padding - k) / stride) + 1;
}

function pooled(op: string, x: Operand): Shape {
  const [n, h, w, c] = rank(op, "x", x, 4) as [number, number, number, number];
  check(op, "x", x.shape, h > 1 && w > 1 || sizeOf(x.shape) === 0, "at least 2×2 positions");
  return [n, h >> 1, w >> 1, c];
}

function spaceFromDepth(op: string, shape: Shape): Shape {
  const [n, h, w, channels] = shape as [number, number, number, number];
  check(op, "x", shape, channels % 4 === 0, "a multiple of 4 channels");
  return [n, 2 * h, 2 * w, channels / 4];
}
