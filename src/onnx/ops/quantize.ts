import type { QuantizeOps } from "../../graph/ops/quantize.ts";
import type { Exporters } from "../exporter.ts";
import { unsqueeze } from "./shape.ts";

/** How ops on bits are exported. Their channels lie where the convolutions around them have them. */
export const quantizeExporters: Exporters<keyof QuantizeOps> = {
  pack_bits: ({ inputs: { x } }, to) => {
    const { names: [value], axis } = to.together(x), channels = axis(x.shape.length - 1);
    const powers = to.ints(powersOf(x.shape.at(-1)!), [x.shape.at(-1)!, ...behind(x.shape.length, channels)]);
    const set = to.cast(to.node("Greater", [value, to.floats([0])]), "i64");
    return to.node("ReduceSum", [to.node("Mul", [set, powers]), to.ints([channels])], { keepdims: 0 });
  },
  unpack_bits: ({ inputs: { x }, attrs: { bits }, shape }, to) => {
    const first = shape.length >= 3, channels = first ? 1 : shape.length - 1;
    const powers = to.ints(powersOf(bits), [bits, ...behind(shape.length, channels)]);
    const shifted = to.node("Div", [unsqueeze(to.plain(x), { axes: [channels], to }), powers]);
    const bit = to.cast(to.node("Mod", [shifted, to.ints([2])]), to.float);
    const code = to.node("Sub", [to.node("Mul", [bit, to.floats([2])]), to.floats([1])]);
    return first ? { first: code } : code;
  },
};

/** 1, 2, 4, …: what each bit counts. */
export function powersOf(bits: number): number[] {
  return Array.from({ length: bits }, (_, bit) => 2 ** bit);
}

/** Axes of length 1 in the place of those behind `axis`. */
function behind(axes: number, axis: number): number[] {
  return new Array<number>(axes - 1 - axis).fill(1);
}
