import type { Shape } from "../tensor/shape.ts";
import { check, checkDType, checkIndex, checkShape, f32, rank } from "./checks.ts";
import type { Attrs, Inputs, OpName, Spec, Tensor } from "./ops.ts";

type SequenceOp =
  | "rms_norm"
  | "embedding"
  | "swiglu"
  | "rope"
  | "attention"
  | "attention_step"
  | "philox"
  | "guide"
  | "sample";

/** What the ops of sequences and sampling make of their inputs. */
export const sequenceRules: { [O in SequenceOp]: (inputs: Inputs<O>, attrs: Attrs<O>) => Spec } = {
  rms_norm: ({ x, weight }) => {
    checkShape("rms_norm", "weight", weight, [x.shape.at(-1)!]);
    return f32(x.shape);
  },
  embedding: ({ table, index }) => {
    const [, width] = rank("embedding", "table", table, 2);
    checkDType("embedding", "index", index, "u32");
    return f32([...index.shape, width!]);
  },
  swiglu: ({ gate, up }) => {
    checkShape("swiglu", "up", up, gate.shape);
    return f32(gate.shape);
  },
  rope: ({ qkv, table, position }, { heads }) => {
    const { head } = checkQkv("rope", qkv, heads);
    checkTable("rope", table, head);
    checkIndex("rope", "position", position, qkv.shape.slice(0, -1));
    return f32(qkv.shape);
  },
  attention: ({ qkv }, { heads }) => {
    rank("attention", "qkv", qkv, 3);
    return f32(checkQkv("attention", qkv, heads).out);
  },
  attention_step: ({ qkv, cache, position, table }, { heads, halves }) => {
    const [rows] = rank("attention_step", "qkv", qkv, 2);
    const { head, out } = checkQkv("attention_step", qkv, heads);
    const [, , , positions] = rank("attention_step", "cache", cache, 5);
    const fits = cache.op === "state" && (cache.attrs.halves ?? false) === halves;
    check("attention_step", "cache", cache.shape, fits, `a state ${halves ? "of" : "without"} halves`);
    checkShape("attention_step", "cache", cache, [rows!, 2, heads, positions!, head]);
    checkIndex("attention_step", "position", position, [rows!]);
    if (table) checkTable("attention_step", table, head);
    return f32(out);
  },

  philox: ({ key, counter }) => {
    const [n] = rank("philox", "key", key, 2);
    checkIndex("philox", "key", key, [n!, 2]);
    checkIndex("philox", "counter", counter, [n!, 4]);
    return { shape: [n!, 4], dtype: "u32" };
  },
  guide: ({ logits, scale }) => {
    const [rows, words] = rank("guide", "logits", logits, 2) as [number, number];
    check("guide", "logits", logits.shape, rows % 2 === 0, "an even number of rows");
    checkShape("guide", "scale", scale, [rows / 2]);
    return f32([rows / 2, words]);
  },
  sample: ({ logits, temperature, topK, topP, random }, { repeat }) => {
    const [n] = rank("sample", "logits", logits, 2) as [number, number];
    checkShape("sample", "temperature", temperature, [n]);
    checkIndex("sample", "topK", topK, [n]);
    checkShape("sample", "topP", topP, [n]);
    checkIndex("sample", "random", random, [n, 4]);
    return { shape: [repeat * n], dtype: "u32" };
  },
};

function checkQkv(op: OpName, qkv: Tensor, heads: number): { head: number; out: Shape } {
  const width = qkv.shape.at(-1)! / 3, head = width / heads;
  check(op, "qkv", qkv.shape, Number.isInteger(head) && head % 2 === 0, `q, k, v of ${heads} even heads`);
  return { head, out: [...qkv.shape.slice(0, -1), width] };
}

function checkTable(op: OpName, table: Tensor, head: number): void {
  const [rows] = rank(op, "table", table, 2);
  checkShape(op, "table", table, [rows!, head]);
}
