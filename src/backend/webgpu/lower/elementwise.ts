import { flopOf } from "../../../graph/flop.ts";
import { unaryFunctions } from "../../../graph/functions.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Command, float, folded, type Operand, workgroupSize } from "../commands.ts";
import type { Rules } from "../lowering.ts";
import type { Constants } from "../specialise.ts";
import { strideFromInnermost } from "../strides.ts";
import { byElement, eachElement } from "../each_element.ts";

/** How the ops of single elements become commands. */
export const elementwiseLowering: Rules<"unary" | "binary" | "swiglu"> = {
  unary: (tensor) => {
    const { inputs, attrs } = tensor, { fn } = attrs;
    const parameters = (unaryFunctions[fn].parameters ?? []).map((name) => [name, attrs[name]!] as const);
    // WGSL has no infinite numbers: kernels do without a bound that is infinite.
    const finite = parameters.filter(([, value]) => Number.isFinite(value));
    const values = finite.map(([name, value]) => [name.toUpperCase(), float(value)]);
    const constants = { [fn.toUpperCase()]: true, ...Object.fromEntries(values) };
    return byElement("unary", tensor, { constants, bindings: { ...inputs } });
  },
  binary,
  swiglu: (tensor) => [swigluCommand(tensor.inputs, { size: sizeOf(tensor.shape), out: tensor as Tensor })],
};

/** The same for those that need the kernels of training. */
export const elementwiseTraining: Rules<
  | "silu_grad"
  | "leaky_relu_grad"
  | "swiglu_grad"
  | "dropout"
> = {
  silu_grad: (tensor) => gradient(tensor, { SILU: true }),
  leaky_relu_grad: (tensor) => gradient(tensor, { LEAKY: true, SLOPE: float(tensor.attrs.slope) }),
  swiglu_grad: (tensor) => {
    const { gate, up, dy } = tensor.inputs;
    return [eachElement("gradient", {
      size: sizeOf(tensor.shape),
      constants: { SILU: true, GATED: true },
      bindings: { x: gate, dy, up, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
  dropout: (tensor) => {
    const { inputs: { x, random }, attrs: { rate, site } } = tensor, size = sizeOf(tensor.shape);
    return [eachElement("dropout", {
      size: Math.ceil(size / 4),
      constants: {
        ...{
          ELEMENTS: size,
          SITE: site,
          THRESHOLD: Math.floor(rate * 2 ** 32),
          SCALE: float(1 / (1 - rate)),
        },
      },
      bindings: { x, random, out: tensor as Tensor },
      flop: flopOf(tensor as Tensor),
    })];
  },
};

/** The dispatch of `swiglu`, which may add a residual. */
export function swigluCommand(
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

function binary(tensor: TensorOf<"binary">): Command[] {
  const { inputs: { a, b }, attrs: { fn }, shape } = tensor;
  const axes: Record<string, number> = {};
  // Axes are numbered from the innermost; a scalar has one of length 1.
  const lengths = [1, ...shape].reverse();
  for (const [i, length] of lengths.entries()) {
    axes[`LENGTH${i}`] = length;
    axes[`LEFT${i}`] = strideFromInnermost(a, i);
    axes[`RIGHT${i}`] = strideFromInnermost(b, i);
  }
  const same = `${a.shape}` === `${b.shape}`;
  const constants = { SAME: same, AXES: lengths.length, [fn.toUpperCase()]: true, ...axes };
  return byElement("binary", tensor as Tensor, { constants, bindings: { lhs: a, rhs: b } });
}

function gradient(tensor: TensorOf<"silu_grad" | "leaky_relu_grad">, constants: Constants): Command[] {
  const { x, dy } = tensor.inputs;
  return [eachElement("gradient", {
    size: sizeOf(tensor.shape),
    constants,
    bindings: { x, dy, out: tensor as Tensor },
    flop: flopOf(tensor as Tensor),
  })];
}
