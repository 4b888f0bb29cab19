import { apply } from "./build.ts";
import { inputsOf, type OpName, type Tensor, type TensorOf } from "./ops.ts";
import { countUses, type Graph, graphOf } from "./trace.ts";

/** Questions about the readers of a tensor. */
interface Readers {
  /** Whether exactly one op reads it, so that it may be fused into that op. */
  sole(tensor: Tensor): boolean;
  /** The same, without counting gradients that can read the source of a normalised map instead. */
  soleForward(tensor: Tensor): boolean;
  /** Whether only `linear` ops read it, as their x. */
  multiplied(tensor: Tensor): boolean;
}
type Rewrite<O extends OpName> = (tensor: TensorOf<O>, readers: Readers) => Tensor | undefined;

/**
 * Rewrites that save a pass over memory, each by the op that it starts from. A normalisation becomes a scale and
 * shift by channel, which with its swish disappears into the convolution that reads it, and into gradients; a residual
 * and a depth-to-space disappear into the convolution that they follow. In transformers, norms, residuals and the gates of
 * feed-forward layers disappear into products, rotations into the step of attention.
 */
const rewrites: { [O in OpName]?: Rewrite<O> } = {
  group_norm: ({ inputs, attrs }) =>
    apply("channel_affine", { x: inputs.x, affine: apply("group_norm_affine", inputs, attrs) }, {
      swish: false,
    }),

  // Gradients normalise a map again: that costs less than to write and read it, and keeping it would cost memory.
  unary: ({ inputs: { x }, attrs: { fn } }, { soleForward }) =>
    fn === "silu" && x.op === "channel_affine" && !x.attrs.swish && soleForward(x)
      ? apply("channel_affine", x.inputs, { swish: true })
      : undefined,

  conv: ({ inputs, attrs }, { soleForward }) => {
    const { x } = inputs;
    return x.op === "channel_affine" && !inputs.affine && soleForward(x)
      ? apply("conv", { ...inputs, ...x.inputs }, { ...attrs, swish: x.attrs.swish })
      : undefined;
  },

  conv_weight_grad: ({ inputs, attrs }, { soleForward }) => {
    const { x } = inputs;
    return x.op === "channel_affine" && !inputs.affine && soleForward(x)
      ? apply("conv_weight_grad", { ...inputs, ...x.inputs }, { ...attrs, swish: x.attrs.swish })
      : undefined;
  },

  channel_sums: ({ inputs, attrs }) => {
    const through = activationOf(inputs);
    return through && apply("channel_sums", { ...inputs, ...through }, attrs);
  },

  group_norm_grad: ({ inputs, attrs }) => {
    const through = activationOf(inputs);
    return through && apply("group_norm_grad", { ...inputs, ...through }, attrs);
  },

  binary: ({ inputs: { a, b }, attrs: { fn } }, { sole }) => {
    if (fn !== "add") return;
    for (const [conv, residual] of [[a, b], [b, a]] as const) {
      const takes = conv.op === "conv" && !conv.inputs.residual && !conv.attrs.depthToSpace && sole(conv);
      if (takes && `${conv.shape}` === `${residual.shape}`) {
        return apply("conv", { ...conv.inputs, residual }, conv.attrs);
      }
    }
    for (const [product, residual] of [[a, b], [b, a]] as const) {
      const takes = product.op === "linear" && !product.inputs.residual && sole(product);
      if (takes && `${product.shape}` === `${residual.shape}`) {
        return apply("linear", { ...product.inputs, residual }, product.attrs);
      }
    }
  },

  depth_to_space: ({ inputs: { x } }, { sole }) =>
    x.op === "conv" && !x.inputs.residual && !x.attrs.depthToSpace && sole(x)
      ? apply("conv", x.inputs, { ...x.attrs, depthToSpace: true })
      : undefined,

  // Also with several readers: normalising a row again costs less than to write and read it. In training the weight's
  // gradient needs it anyway.
  linear: ({ inputs }, { multiplied }) => {
    const { x } = inputs;
    return x.op === "rms_norm" && !inputs.norm && multiplied(x)
      ? apply("linear", { ...inputs, x: x.inputs.x, norm: x.inputs.weight }, { eps: x.attrs.eps })
      : undefined;
  },

  swiglu: ({ inputs: { gate, up } }, { sole }) => {
    if (gate.op !== "linear" || up.op !== "linear" || !sole(gate) || !sole(up)) return;
    const alike = gate.inputs.x === up.inputs.x && gate.inputs.norm === up.inputs.norm;
    const plain = [gate, up].every(({ inputs }) => !inputs.bias && !inputs.residual && !inputs.up);
    if (alike && plain) return apply("linear", { ...gate.inputs, up: up.inputs.weight }, gate.attrs);
  },

  attention_step: ({ inputs, attrs }, { sole }) => {
    const { qkv, position } = inputs;
    const takes = qkv.op === "rope" && qkv.inputs.position === position && !inputs.table && sole(qkv);
    if (takes) return apply("attention_step", { ...inputs, ...qkv.inputs }, attrs);
  },
};

/** Where dy came through a swish of what a norm made of x: the gradient behind it, and what the norm did. */
function activationOf(
  { x, dy, activation }: { x: Tensor; dy: Tensor; activation?: Tensor },
): { dy: Tensor; activation: Tensor } | undefined {
  if (dy.op !== "silu_grad" || activation) return;
  const normed = dy.inputs.x;
  if (normed.op !== "channel_affine" || normed.attrs.swish || normed.inputs.x !== x) return;
  return { dy: dy.inputs.dy, activation: normed.inputs.affine };
}

/** The same function with fewer passes over memory. */
export function fuse(graph: Graph): Graph {
  const uses = countUses(graph), recomputing = countRecomputing(graph);
  const fused = new Map<Tensor, Tensor>();
  // A fused tensor has as many readers as the one that it stands for.
  const fusedUses = new Map<Tensor, { all: number; forward: number }>();
  const otherwise = readOtherwise(graph);
  const multiplied = new Set<Tensor>();
  const readers: Readers = {
    sole: (x) => fusedUses.get(x)?.all === 1,
    soleForward: (x) => fusedUses.get(x)?.forward === 1,
    multiplied: (x) => multiplied.has(x),
  };
  for (const tensor of graph.tensors) {
    const inputs = Object.fromEntries(
      Object.entries(tensor.inputs).map(([name, read]) => [name, read && fused.get(read as Tensor)]),
    );
    const copy = { ...tensor, inputs } as unknown as Tensor;
    const rewrite = rewrites[tensor.op] as Rewrite<OpName> | undefined;
    const result = rewrite?.(copy as TensorOf<OpName>, readers) ?? copy;
    fused.set(tensor, result);
    if (!otherwise.has(tensor)) multiplied.add(result);
    const all = uses.get(tensor)!;
    fusedUses.set(result, { all, forward: all - (recomputing.get(tensor) ?? 0) });
  }
  return graphOf(
    Object.fromEntries(Object.entries(graph.outputs).map(([name, tensor]) => [name, fused.get(tensor)!])),
    graph.effects.map((tensor) => fused.get(tensor)!),
  );
}

/** What is read by anything but a product as its x, or is an output. */
function readOtherwise(graph: Graph): Set<Tensor> {
  const read = graph.tensors.flatMap((tensor) =>
    inputsOf(tensor).filter((x) => tensor.op !== "linear" || tensor.inputs.x !== x)
  );
  return new Set([...read, ...Object.values(graph.outputs), ...graph.effects]);
}

/** For each tensor, how many gradients read it that could normalise its source again instead. */
function countRecomputing(graph: Graph): Map<Tensor, number> {
  const reads = new Map<Tensor, number>();
  for (const { op, inputs } of graph.tensors) {
    if (op !== "conv_weight_grad" && op !== "silu_grad") continue;
    reads.set(inputs.x, (reads.get(inputs.x) ?? 0) + 1);
  }
  return reads;
}
