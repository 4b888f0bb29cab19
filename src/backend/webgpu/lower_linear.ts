import { flopOf } from "../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../graph/ops.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Command, folded, type Operand, type Scratch, type Target, workgroupSize } from "./commands.ts";
import type { Lowering } from "./lower.ts";
import { formatConstants, matrix, product } from "./lower_matrix.ts";

/** Rows that share one reading of the weight; more of them go through the kernel of convolutions. */
export const fewRows = 16;

/** How products and what is fused with them become commands. */
export const linearLowering: Pick<Lowering, "linear" | "rms_norm" | "swiglu"> = {
  linear: (tensor, target) => {
    const { x, weight } = tensor.inputs;
    return sizeOf(x.shape) / weight.shape[1]! <= fewRows ? matvec(tensor, target) : products(tensor, target);
  },
  rms_norm: (tensor) => [
    rmsNorm(tensor.inputs.x, { weight: tensor.inputs.weight, eps: tensor.attrs.eps, out: tensor as Tensor }),
  ],
  swiglu: (tensor) => [swiglu(tensor.inputs, { size: sizeOf(tensor.shape), out: tensor as Tensor })],
};

/** Threads that share a row. In software eight of them are one vector, which waits for no others. */
const threadsOf = { staged: workgroupSize, direct: 8 } as const;

/** One dispatch, with all that is fused. */
function matvec(tensor: TensorOf<"linear">, target: Target): Command[] {
  const { x, weight, bias, norm, up, residual } = tensor.inputs;
  const [outputs, k] = weight.shape as [number, number];
  const rows = sizeOf(x.shape) / k;
  // So many columns that a thread keeps about sixteen sums.
  const columns = Math.max(1, Math.min(8, 2 ** Math.floor(Math.log2(fewRows / rows))));
  const packed = matrix(weight, target), packedUp = up && matrix(up, target);
  return [...packed.commands, ...packedUp?.commands ?? [], {
    kernel: "linear",
    constants: {
      ...{
        WORKGROUP: threadsOf[target.tiling],
        R: rows,
        K: k,
        K4: Math.ceil(k / 4),
        O: outputs,
        OUTPUTS: columns,
      },
      ...{ VALUES: rows * columns * (up ? 2 : 1) + (norm ? rows : 0), VECTOR: k % 4 === 0 },
      ...{ BIAS: Boolean(bias), NORM: Boolean(norm), UP: Boolean(up), RESIDUAL: Boolean(residual) },
      ...formatConstants(packed.operand, { width: k, target }),
      ...norm && { EPS: `f32(${tensor.attrs.eps})` },
    },
    bindings: {
      ...{ x, weight: packed.operand, up: packedUp?.operand, norm, bias, residual, out: tensor as Tensor },
    },
    workgroups: folded(Math.ceil(outputs / columns)),
    flop: flopOf(tensor as Tensor),
  }];
}

/** Tiled products, with norms and gates as passes of their own: they are little beside so many rows. */
function products(tensor: TensorOf<"linear">, target: Target): Command[] {
  const { x, weight, bias, norm, up, residual } = tensor.inputs;
  const [outputs, k] = weight.shape as [number, number];
  const w = sizeOf(x.shape) / k, size = sizeOf(tensor.shape), out: Operand = tensor as Tensor;
  const commands: Command[] = [];
  let source: Operand = x;
  if (norm) {
    source = { scratch: "normalised", bytes: 4 * sizeOf(x.shape) };
    commands.push(rmsNorm(x, { weight: norm, eps: tensor.attrs.eps!, out: source }));
  }
  // A 1×1 convolution of one row of positions.
  const sizes = { n: 1, h: 1, w, channels: k, outH: 1, outW: w, outputs, kernel: 1, stride: 1, padding: 0 };
  const times = (by: Tensor, rest: { bias?: Tensor; residual?: Tensor; out: Operand }) => {
    const { operand, commands } = matrix(by, target);
    return [...commands, product({ ...sizes, operands: { x: source, weight: operand, ...rest } }, target)];
  };
  if (!up) return [...commands, ...times(weight, { bias, residual, out })];
  const gate: Scratch = { scratch: "gate", bytes: 4 * size },
    gated: Scratch = { scratch: "up", bytes: 4 * size };
  return [
    ...commands,
    ...times(weight, { bias, out: gate }),
    ...times(up, { out: gated }),
    swiglu({ gate, up: gated, residual }, { size, out }),
  ];
}

function rmsNorm(x: Tensor, { weight, eps, out }: { weight: Tensor; eps: number; out: Operand }): Command {
  const width = x.shape.at(-1)!, rows = sizeOf(x.shape) / width;
  return {
    kernel: "rms_norm",
    constants: { WORKGROUP: workgroupSize, ROWS: rows, WIDTH: width, EPS: `f32(${eps})` },
    bindings: { x, weight, out },
    workgroups: folded(rows),
    flop: 4 * sizeOf(x.shape),
  };
}

function swiglu(
  { gate, up, residual }: { gate: Operand; up: Operand; residual?: Tensor },
  { size, out }: { size: number; out: Operand },
): Command {
  return {
    kernel: "swiglu",
    constants: { WORKGROUP: workgroupSize, SIZE: size, RESIDUAL: Boolean(residual) },
    bindings: { gate, up, residual, out },
    workgroups: folded(Math.ceil(size / workgroupSize)),
    flop: 5 * size,
  };
}
