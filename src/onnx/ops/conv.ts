import type { ConvOps } from "../../graph/ops/conv.ts";
import type { Padding } from "../../graph/window.ts";
import type { Emitter } from "../emitter.ts";
import { type Exporters, training } from "../exporter.ts";
import { silu } from "./elementwise.ts";
import { channelAffine } from "./norm.ts";

/** How convolutions are exported. Channels come first. */
export const convExporters: Exporters<keyof ConvOps> = {
  conv: ({ inputs, attrs: { stride, padding, swish, depthToSpace } }, to) => {
    const { x, weight, bias, affine, residual } = inputs;
    const plain = affine ? channelAffine(x, { affine, to }) : to.first(x);
    const operands = [swish ? silu(plain, to) : plain, to.plain(weight), bias && to.plain(bias)];
    let y = to.node("Conv", operands, { strides: stride, pads: padsOf(padding) });
    if (depthToSpace) y = spaceFromDepth(y, { axes: x.shape.length, to });
    return { first: residual ? to.node("Add", [y, to.first(residual)]) : y };
  },
  depth_to_space: ({ inputs: { x } }, to) => ({
    first: spaceFromDepth(to.first(x), { axes: x.shape.length, to }),
  }),
  conv_input_grad: training,
  conv_weight_grad: training,
};

/** The padding of a window, in ONNX's order. */
export function padsOf(padding: readonly Padding[]): number[] {
  return [...padding.map(([before]) => before), ...padding.map(([, after]) => after)];
}

/** `[N,4·C,…,H,W]` → `[N,C,…,2·H,2·W]`. Frames of a video are rearranged one by one. */
function spaceFromDepth(x: string, { axes, to }: { axes: number; to: Emitter }): string {
  const arrange = (images: string) => to.node("DepthToSpace", [images], { blocksize: 2, mode: "DCR" });
  if (axes === 4) return arrange(x);
  const frames = to.node("Transpose", [x], { perm: [0, 2, 1, 3, 4] });
  const shape = to.node("Shape", [frames]),
    part = (from: number, end: number) => to.node("Slice", [shape, to.ints([from]), to.ints([end])]);
  const one = to.node("Reshape", [frames, to.node("Concat", [to.ints([-1]), part(2, 5)], { axis: 0 })]);
  const arranged = arrange(one);
  const lengths = to.node("Slice", [to.node("Shape", [arranged]), to.ints([1]), to.ints([4])]);
  const apart = to.node("Reshape", [arranged, to.node("Concat", [part(0, 2), lengths], { axis: 0 })]);
  return to.node("Transpose", [apart], { perm: [0, 2, 1, 3, 4] });
}
