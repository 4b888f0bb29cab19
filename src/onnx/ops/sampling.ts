import type { SamplingOps } from "../../graph/ops/sampling.ts";
import type { TensorOf } from "../../graph/ops.ts";
import type { Emitter } from "../emitter.ts";
import type { Exporters } from "../exporter.ts";
import { philox } from "../philox.ts";
import { entry, slice, unsqueeze } from "./shape.ts";

/** The token that stands for logits that are not numbers. */
const invalid = 2 ** 32 - 1;

/** How random numbers, guidance and sampling are exported. */
export const samplingExporters: Exporters<keyof SamplingOps> = {
  philox: ({ inputs: { key, counter } }, to) => philox(to.plain(key), { counter: to.plain(counter), to }),
  guide: ({ inputs: { logits, scale }, shape: [rows] }, to) => {
    const [cond, uncond] = [0, rows!].map((start) =>
      slice(to.plain(logits), { axis: 0, start, length: rows!, to })
    );
    const step = to.node("Mul", [
      unsqueeze(to.plain(scale), { axes: [1], to }),
      to.node("Sub", [cond, uncond]),
    ]);
    return to.node("Add", [uncond, step]);
  },
  sample,
};

/** A token for each row, as the op says: `[N,V]` until the last steps. */
function sample({ inputs, attrs: { word, repeat } }: TensorOf<"sample">, to: Emitter): string {
  const logits = to.wide(to.plain(inputs.logits));
  const column = (value: string) => unsqueeze(value, { axes: [1], to });
  const temperature = column(to.wide(to.plain(inputs.temperature)));
  const weights = keptWeights(to.node("Div", [logits, temperature]), inputs, to);

  const bits = to.node("Div", [entry(to.plain(inputs.random), { axis: 1, i: word, to }), to.int(256)]);
  const uniform = column(to.node("Mul", [to.cast(bits, "f64"), to.doubles([2 ** -24])]));
  const target = to.node("Mul", [uniform, to.node("ReduceSum", [weights, to.ints([1])])]);
  const sums = to.node("CumSum", [weights, to.int(1)]);
  const beyond = to.cast(to.node("Greater", [sums, target]), "f32");
  const first = (values: string) => to.node("ArgMax", [values], { axis: 1, keepdims: 0 });
  const any = (values: string) => to.cast(to.node("ReduceMax", [values], { axes: [1], keepdims: 0 }), "bool");

  const sampled = to.node("Where", [any(beyond), first(beyond), to.int(invalid)]);
  const greedy = to.node("Equal", [to.plain(inputs.temperature), to.floats([0])]);
  const chosen = to.node("Where", [greedy, first(logits), sampled]);
  const broken = any(to.cast(to.node("IsNaN", [logits]), "f32"));
  const token = to.node("Where", [broken, to.int(invalid), chosen]);
  return repeat === 1 ? token : to.node("Concat", new Array<string>(repeat).fill(token), { axis: 0 });
}

/** In f64, exp(y − max y) where top-k and top-p keep a token, else 0. */
function keptWeights(
  y: string,
  { logits, topK, topP }: TensorOf<"sample">["inputs"],
  to: Emitter,
): string {
  const column = (value: string) => unsqueeze(value, { axes: [1], to });
  const vocabSize = to.ints([logits.shape[1]!]);
  const [sorted, order] = to.nodeOf("TopK", [y, vocabSize], { axis: 1 }, 2) as [string, string];

  // No k counts as all, which is the place of the smallest.
  const k = column(to.plain(topK));
  const some = to.node("And", [to.node("Greater", [k, to.int(0)]), to.node("Less", [k, vocabSize])]);
  const last = to.node("Sub", [to.node("Where", [some, k, vocabSize]), to.int(1)]);
  const least = to.node("GatherElements", [sorted, last], { axis: 1 });
  const distance = to.node(
    "Sub",
    [y, slice(sorted, { axis: 1, start: 0, length: 1, to })].map((x) => to.cast(x, "f64")),
  );
  const kept = to.node("GreaterOrEqual", [y, least]);
  const weights = to.node("Where", [kept, to.node("Exp", [distance]), to.doubles([0])]);

  const p = to.cast(column(to.plain(topP)), "f64");
  const share = to.node("Mul", [p, to.node("ReduceSum", [weights, to.ints([1])])]);
  const all = to.node("GreaterOrEqual", [p, to.doubles([1])]);
  const limit = to.node("Where", [all, to.doubles([Infinity]), share]);
  const descending = to.node("GatherElements", [weights, order], { axis: 1 });
  const before = to.node("CumSum", [descending, to.int(1)], { exclusive: 1 });
  const within = to.node("Where", [to.node("Greater", [before, limit]), to.doubles([0]), descending]);
  return to.node("ScatterElements", [weights, order, within], { axis: 1 });
}
