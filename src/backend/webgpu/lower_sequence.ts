import { flopOf } from "../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { BackendError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { KernelName } from "./_generated.ts";
import { type Command, folded, type Operand, type Target, workgroupSize } from "./commands.ts";
import type { Lowering } from "./lower.ts";
import type { Constants } from "./specialise.ts";

type SequenceOp = "slice" | "concat" | "select" | "embedding" | "rope" | "attention" | "attention_step";

/** How the ops of sequences become commands. */
export const sequenceLowering: Pick<Lowering, SequenceOp> = {
  slice: (tensor) => {
    const { inputs: { x }, attrs: { axis, start } } = tensor;
    const inner = sizeOf(x.shape.slice(axis + 1));
    return byElement("slice", tensor, {
      constants: { LENGTH: x.shape[axis]! * inner, FIRST: start * inner, RUN: tensor.shape[axis]! * inner },
      bindings: { x },
    });
  },
  concat: (tensor) => {
    const { inputs: { a, b }, attrs: { axis } } = tensor;
    const run = ({ shape }: Tensor) => sizeOf(shape.slice(axis));
    return byElement("concat", tensor, {
      constants: { LEFT: run(a), RIGHT: run(b) },
      bindings: { lhs: a, rhs: b },
    });
  },
  select: (tensor) => {
    const { condition, a, b } = tensor.inputs;
    return byElement("select", tensor, {
      constants: { WIDTH: sizeOf(tensor.shape.slice(1)) },
      bindings: { condition, lhs: a, rhs: b },
    });
  },
  embedding: (tensor, { format }) => {
    const { table, index } = tensor.inputs, [words, width] = table.shape as [number, number];
    const isParam = table.op === "param", f16 = isParam && format(table.attrs.name) !== "f32";
    return byElement("embedding", tensor, {
      constants: { WORDS: words, WIDTH: width, F16: f16, ROW_WORDS: Math.ceil(width / 2) },
      bindings: { table: isParam ? { packed: table, layout: "table" } : table, index },
    });
  },
  rope: (tensor) => {
    const { qkv, table, position } = tensor.inputs;
    return byElement("rope", tensor, {
      constants: headConstants(qkv, tensor.attrs.heads),
      bindings: { qkv, table, position },
    });
  },
  attention: (tensor, target) => {
    const { inputs: { qkv }, attrs: { heads } } = tensor;
    const [sequences, positions] = tensor.shape as [number, number, number];
    checkScores(target, positions);
    return [{
      kernel: "attention",
      constants: { WORKGROUP: workgroupSize, POSITIONS: positions, ...headConstants(qkv, heads) },
      bindings: { qkv, out: tensor as Tensor },
      workgroups: [positions, heads, sequences],
      flop: flopOf(tensor as Tensor),
    }];
  },
  attention_step: (tensor, target) => {
    const { inputs: { qkv, cache, position, table }, attrs: { heads, halves } } = tensor;
    const positions = cache.shape[3]!;
    checkScores(target, positions);
    return [{
      kernel: "attention_step",
      constants: {
        ...{
          WORKGROUP: workgroupSize,
          POSITIONS: positions,
          HEADS: heads,
          TABLE: Boolean(table),
          HALVES: halves,
        },
        ...headConstants(qkv, heads),
      },
      bindings: { qkv, cache, position, table, out: tensor as Tensor },
      workgroups: [heads, qkv.shape[0]!, 1],
      flop: flopOf(tensor as Tensor),
    }];
  },
};

/** One thread for each element of the result. */
export function byElement(
  kernel: KernelName,
  tensor: TensorOf<"slice" | "concat" | "select" | "embedding" | "rope" | "philox" | "guide">,
  { constants, bindings, size = sizeOf(tensor.shape) }: {
    constants: Constants;
    bindings: Readonly<Record<string, Operand>>;
    size?: number;
  },
): Command[] {
  return [{
    kernel,
    constants: { WORKGROUP: workgroupSize, SIZE: size, ...constants },
    bindings: { ...bindings, out: tensor as Tensor },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: flopOf(tensor as Tensor),
  }];
}

function headConstants(qkv: Tensor, heads: number): Constants {
  const width = qkv.shape.at(-1)! / 3;
  return { D: width, HEAD: width / heads };
}

/** The scores of all positions lie in workgroup memory, beside a query and a value of each thread. */
export function checkScores({ workgroupBytes }: Target, positions: number): void {
  const most = Math.floor(workgroupBytes / 4) - 1024;
  if (positions <= most) return;
  throw new BackendError("Cannot lower attention", {
    expected: `at most ${most} positions on this GPU`,
    got: `${positions}`,
    hint: "use the WASM backend",
  });
}
