import type { ReduceOps } from "../../graph/ops/reduce.ts";
import type { Exporters } from "../exporter.ts";

/** How reductions are exported. */
export const reduceExporters: Exporters<keyof ReduceOps> = {
  mean: ({ inputs: { x }, attrs: { axes, correction = 0 } }, to) => {
    const { names: [value], named, axis } = to.together(x), over = axes.map(axis);
    if (correction === 0) return named(to.narrow(to.node("ReduceMean", [to.wide(value!)], { axes: over })));
    const sum = to.node("ReduceSum", [to.wide(value!), to.ints(over)]);
    const lengths = to.node("Gather", [to.node("Shape", [value]), to.ints(over)], { axis: 0 });
    const count = to.node("ReduceProd", [lengths], { axes: [0] });
    const divisor = to.cast(to.node("Sub", [count, to.ints([correction])]), "f32");
    return named(to.narrow(to.node("Div", [sum, divisor])));
  },
  sum: ({ inputs: { x }, attrs: { axes } }, to) => {
    const { names: [value], named, axis } = to.together(x);
    return named(to.narrow(to.node("ReduceSum", [to.wide(value!), to.ints(axes.map(axis))])));
  },
  square_sum: ({ inputs: { x } }, to) => {
    const { names: [value] } = to.together(x), wide = to.wide(value!);
    return to.narrow(to.node("ReduceSum", [to.node("Mul", [wide, wide])], { keepdims: 0 }));
  },
  broadcast_to: ({ inputs: { x }, attrs: { shape } }, to) => to.node("Expand", [to.plain(x), to.ints(shape)]),
};
