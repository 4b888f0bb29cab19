import type { AttentionOps } from "../../graph/ops/attention.ts";
import type { Tensor } from "../../graph/ops.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Emitter } from "../emitter.ts";
import { type Exporters, training } from "../exporter.ts";
import type { State } from "../states.ts";
import { entry, slice, unsqueeze } from "./shape.ts";

/** How attention is exported. */
export const attentionExporters: Exporters<keyof AttentionOps> = {
  rope: ({ inputs: { qkv, table, position }, attrs: { heads } }, to) =>
    rope(to.plain(qkv), { shape: qkv.shape, table, position, heads, to }),
  attention: ({ inputs: { qkv }, attrs: { heads }, shape }, to) => {
    const [sequences, positions, width] = shape as [number, number, number];
    const parts = to.node("Reshape", [
      to.plain(qkv),
      to.ints([sequences, positions, 3, heads, width / heads]),
    ]);
    const [q, k, v] = [0, 1, 2].map((i) =>
      to.node("Transpose", [entry(parts, { axis: 2, i, to })], { perm: [0, 2, 1, 3] })
    ) as [string, string, string];
    const later = Array.from(
      { length: positions ** 2 },
      (_, i) => i % positions > Math.floor(i / positions) ? 1 : 0,
    );
    const mask = to.floats(later.map((is) => is * never(to)), [positions, positions]);
    const mixed = attend({ q, k, v }, { head: width / heads, mask, to });
    const rows = to.node("Transpose", [mixed], { perm: [0, 2, 1, 3] });
    return to.node("Reshape", [rows, to.ints(shape)]);
  },
  attention_step: ({ inputs, attrs: { heads }, shape }, to) => {
    const { cache, position, table } = inputs,
      [rows, width] = shape as [number, number],
      head = width / heads;
    const qkv = table
      ? rope(to.plain(inputs.qkv), { shape: inputs.qkv.shape, table, position, heads, to })
      : to.plain(inputs.qkv);
    const parts = to.node("Reshape", [qkv, to.ints([rows, 3, heads, 1, head])]);
    const q = entry(parts, { axis: 1, i: 0, to });
    const added = stored(slice(parts, { axis: 1, start: 1, length: 2, to }), { cache, to });
    const { cached, mask } = cachedWith(added, { cache: cache as State, position, to });
    const [k, v] = [0, 1].map((i) => loaded(entry(cached, { axis: 1, i, to }), { cache, to })) as [
      string,
      string,
    ];
    return to.node("Reshape", [attend({ q, k, v }, { head, mask, to }), to.ints(shape)]);
  },
  attention_grad: training,
};

/** What is added to the scores of positions that are not seen. */
function never({ float }: Emitter): number {
  return float === "f16" ? -65504 : -3e38;
}

/** `softmax(q·kᵀ / sqrt(head) + mask)·v`: q `[B,h,Q,head]`, k and v `[B,h,P,head]` → `[B,h,Q,head]`. */
function attend(
  { q, k, v }: { q: string; k: string; v: string },
  { head, mask, to }: { head: number; mask?: string; to: Emitter },
): string {
  const scaled = to.node("Mul", [q, to.floats([1 / Math.sqrt(head)])]);
  const scores = to.node("MatMul", [scaled, to.node("Transpose", [k], { perm: [0, 1, 3, 2] })]);
  const seen = to.wide(mask ? to.node("Add", [scores, mask]) : scores);
  return to.node("MatMul", [to.narrow(to.node("Softmax", [seen], { axis: 3 })), v]);
}

/**
 * Keys and values `[R,2,h,P,head]` after `added` `[R,2,h,1,head]` took its position, and a mask for those behind it. A position known now
 * needs no mask: the cache is cut behind it.
 */
function cachedWith(
  added: string,
  { cache, position, to }: { cache: State; position: Tensor; to: Emitter },
): { cached: string; mask?: string } {
  const fixed = constantOf(position);
  const filled = fixed !== undefined && to.states.append(cache, { position: fixed, value: added });
  if (filled) return { cached: filled };
  const positions = cache.shape[3]!;
  const cells = to.ints(Array.from({ length: positions }, (_, i) => i));
  const at = unsqueeze(to.plain(position), { axes: [1], to });
  const here = unsqueeze(to.node("Equal", [cells, at]), { axes: [1, 2, 4], to });
  const cached = to.node("Where", [here, added, to.states.of(cache)]);
  to.states.write(cache, cached);
  const seen = unsqueeze(to.node("LessOrEqual", [cells, at]), { axes: [1, 2], to });
  return { cached, mask: to.node("Where", [seen, to.floats([0]), to.floats([never(to)])]) };
}

/** The number that a constant holds everywhere, if it does. */
function constantOf(tensor: Tensor): number | undefined {
  if (tensor.op !== "constant") return;
  const [first, ...others] = tensor.attrs.value.data;
  return others.every((value) => value === first) ? first : undefined;
}

/** Floats as a cache keeps them. */
function stored(value: string, { cache, to }: { cache: Tensor; to: Emitter }): string {
  return to.typeOf(cache) === to.float ? value : to.cast(value, to.typeOf(cache));
}

/** What a cache keeps, as floats. */
function loaded(value: string, { cache, to }: { cache: Tensor; to: Emitter }): string {
  return to.typeOf(cache) === to.float ? value : to.cast(value, to.float);
}

/** Turns the adjacent pairs of q and k in qkv `[…,3·D]` by the cosines and sines in the rows of table that position picks. */
function rope(
  qkv: string,
  { shape, table, position, heads, to }: {
    shape: Shape;
    table: Tensor;
    position: Tensor;
    heads: number;
    to: Emitter;
  },
): string {
  const lead = shape.slice(0, -1), axis = lead.length, pairs = table.shape[1]! / 2;
  const parts = to.node("Reshape", [qkv, to.ints([...lead, 3 * heads, pairs, 2])]);
  const turned = slice(parts, { axis, start: 0, length: 2 * heads, to });
  const values = slice(parts, { axis, start: 2 * heads, length: heads, to });
  const rows = to.node("Gather", [to.plain(table), to.plain(position)], { axis: 0 });
  const angles = to.node("Reshape", [rows, to.ints([...lead, 1, pairs, 2])]);
  const [cosine, sine] = [0, 1].map((i) => entry(angles, { axis: axis + 2, i, to }));
  const [a, b] = [0, 1].map((i) => entry(turned, { axis: axis + 2, i, to }));
  const both = [
    to.node("Sub", [to.node("Mul", [a, cosine]), to.node("Mul", [b, sine])]),
    to.node("Add", [to.node("Mul", [b, cosine]), to.node("Mul", [a, sine])]),
  ].map((value) => unsqueeze(value, { axes: [axis + 2], to }));
  const joined = to.node("Concat", [to.node("Concat", both, { axis: axis + 2 }), values], { axis });
  return to.node("Reshape", [joined, to.ints(shape)]);
}
