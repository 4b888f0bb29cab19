import { Opcode } from "../../../wasm/opcodes.ts";
import type { Tensor } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Command, floatArgument } from "./commands.ts";
import { attentionExtent } from "./extents.ts";
import type { LoweredOp, Lowering } from "./lower.ts";
import { packLinear, plainLinearBytes } from "./pack_plain.ts";

type SequenceOp = Extract<
  LoweredOp,
  | "slice"
  | "concat"
  | "select"
  | "linear"
  | "rms_norm"
  | "embedding"
  | "swiglu"
  | "rope"
  | "attention"
  | "attention_step"
  | "philox"
  | "guide"
  | "sample"
>;

/** Rows that share each reading of a weight, elements of one item; as in the kernels. */
const chunkRows = 24, elementBlock = 4096;
/** Into how many items a product is cut: enough to keep threads even, few enough to be worth taking. */
const productItems = 32;

/** How the ops of sequences and sampling become commands. */
export const sequenceLowering: Pick<Lowering, SequenceOp> = {
  slice: (tensor, at) => {
    const { inputs: { x }, attrs: { axis, start } } = tensor;
    const inner = sizeOf(x.shape.slice(axis + 1)), run = sizeOf(tensor.shape.slice(axis));
    const stride = inner * x.shape[axis]!;
    const from = at.of(x) + 4 * start * inner;
    return [copies(sizeOf(x.shape.slice(0, axis)), [from, at.of(tensor as Tensor), run, stride, run])];
  },
  concat: (tensor, at) => {
    const { inputs: { a, b }, attrs: { axis } } = tensor;
    const outer = sizeOf(a.shape.slice(0, axis)), stride = sizeOf(tensor.shape.slice(axis));
    const runs = [a, b].map(({ shape }) => sizeOf(shape.slice(axis))) as [number, number];
    const out = at.of(tensor as Tensor);
    return [
      copies(outer, [at.of(a), out, runs[0], runs[0], stride]),
      copies(outer, [at.of(b), out + 4 * runs[0], runs[1], runs[1], stride]),
    ];
  },
  select: (tensor, at) => {
    const { condition, a, b } = tensor.inputs, rows = tensor.shape[0]!;
    const args = [at.of(condition), at.of(a), at.of(b), at.of(tensor as Tensor), sizeOf(a.shape) / rows];
    return [{ opcode: Opcode.Select, items: rows, args }];
  },

  linear: (tensor, at) => {
    const { x, weight, bias, norm, up, residual } = tensor.inputs;
    const [outputs, k] = weight.shape as [number, number];
    const rows = sizeOf(x.shape) / k, panels = Math.ceil(outputs / 8);
    const group = Math.max(1, Math.round(panels / productItems));
    const packings: Command[] = [];
    let scratch = at.scratch;
    const matrix = (tensor: Tensor | undefined): number => {
      if (!tensor || at.packed(tensor)) return at.of(tensor);
      const out = scratch;
      packings.push(packLinear(at.of(tensor), tensor.shape, out));
      scratch += plainLinearBytes(tensor.shape);
      return out;
    };
    const pointers = [
      ...[at.of(x), matrix(weight), at.of(bias), at.of(norm), matrix(up)],
      ...[at.of(residual), at.of(tensor as Tensor)],
    ];
    return [...packings, {
      opcode: Opcode.Linear,
      items: Math.ceil(rows / chunkRows) * Math.ceil(panels / group),
      args: [...pointers, rows, k, outputs, floatArgument(tensor.attrs.eps ?? 0), group],
      scratchBytes: 256 + 32 * chunkRows * group * (up ? 2 : 1) +
        (32 + 4 * chunkRows) * Math.ceil(k / 32) * 32,
      flop: 2 * rows * k * outputs * (up ? 2 : 1),
    }];
  },
  rms_norm: (tensor, at) => {
    const { x, weight } = tensor.inputs, width = weight.shape[0]!;
    const args = [at.of(x), at.of(weight), at.of(tensor as Tensor), width, floatArgument(tensor.attrs.eps)];
    return [{ opcode: Opcode.RmsNorm, items: sizeOf(x.shape) / width, args }];
  },
  embedding: (tensor, at) => {
    const { table, index } = tensor.inputs;
    const [words, width] = table.shape as [number, number];
    const args = [at.of(table), at.of(index), at.of(tensor as Tensor), width, words];
    const opcode = at.packed(table) ? Opcode.Embedding : Opcode.EmbeddingPlain;
    return [{ opcode, items: sizeOf(index.shape), args }];
  },
  swiglu: (tensor, at) => {
    const { gate, up } = tensor.inputs, size = sizeOf(tensor.shape);
    const args = [at.of(gate), at.of(up), at.of(tensor as Tensor), size];
    return [{ opcode: Opcode.Swiglu, items: Math.ceil(size / elementBlock), args }];
  },
  rope: (tensor, at) => {
    const { qkv, table, position } = tensor.inputs, { heads } = tensor.attrs;
    const [rows, head] = table.shape as [number, number];
    const args = [at.of(qkv), at.of(table), at.of(position), at.of(tensor as Tensor), heads, head, rows];
    return [{ opcode: Opcode.Rope, items: sizeOf(position.shape), args }];
  },
  attention: (tensor, at) => {
    const [sequences, positions, width] = tensor.shape as [number, number, number], { heads } = tensor.attrs;
    const head = vectors("attention", width / heads);
    const { items, scratchBytes } = attentionExtent({ sequences, positions, heads, head });
    return [{
      opcode: Opcode.Attention,
      items,
      args: [at.of(tensor.inputs.qkv), at.of(tensor as Tensor), heads, head, positions],
      scratchBytes,
      flop: 2 * sequences * positions * (positions + 1) * width,
    }];
  },
  attention_step: (tensor, at) => {
    const { qkv, cache, position, table } = tensor.inputs, { heads } = tensor.attrs;
    const [rows, width] = tensor.shape as [number, number], positions = cache.shape[3]!;
    const head = vectors("attention_step", width / heads), halves = tensor.attrs.halves;
    const pointers = [qkv, cache, position, table, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.AttentionStep,
      items: rows * heads,
      args: [...pointers, heads, head, positions, Number(halves)],
      scratchBytes: 4 * (2 * head + positions + 4),
    }];
  },

  philox: (tensor, at) => {
    const { key, counter } = tensor.inputs;
    const args = [at.of(key), at.of(counter), at.of(tensor as Tensor)];
    return [{ opcode: Opcode.Philox, items: tensor.shape[0]!, args }];
  },
  guide: (tensor, at) => {
    const { logits, scale } = tensor.inputs, [n, words] = tensor.shape as [number, number];
    return [{
      opcode: Opcode.Guide,
      items: n,
      args: [at.of(logits), at.of(scale), at.of(tensor as Tensor), n, words],
    }];
  },
  sample: (tensor, at) => {
    const { logits, temperature, topK, topP, random } = tensor.inputs, { word, repeat } = tensor.attrs;
    const [n, words] = logits.shape as [number, number];
    const pointers = [logits, temperature, topK, topP, random, tensor as Tensor].map((read) => at.of(read));
    return [{
      opcode: Opcode.Sample,
      items: n,
      args: [...pointers, n, words, word, repeat],
      scratchBytes: 20 * words,
    }];
  },
};

function copies(items: number, args: readonly number[]): Command {
  return { opcode: Opcode.Copy, items, args };
}

function vectors(op: LoweredOp, head: number): number {
  if (head % 4 === 0) return head;
  throw new BackendError(`Cannot lower ${op}`, { expected: "heads of a multiple of 4", got: `${head}` });
}
