import type { Spec } from "./operand.ts";
import type { AttentionOps } from "./ops/attention.ts";
import type { ConvOps } from "./ops/conv.ts";
import type { ElementwiseOps } from "./ops/elementwise.ts";
import type { LeavesOps } from "./ops/leaves.ts";
import type { LinearOps } from "./ops/linear.ts";
import type { LossOps } from "./ops/loss.ts";
import type { NormOps } from "./ops/norm.ts";
import type { OptimizerOps } from "./ops/optimizer.ts";
import type { PoolOps } from "./ops/pool.ts";
import type { QuantizeOps } from "./ops/quantize.ts";
import type { ReduceOps } from "./ops/reduce.ts";
import type { SamplingOps } from "./ops/sampling.ts";
import type { ShapeOps } from "./ops/shape.ts";

export type { Spec } from "./operand.ts";

/**
 * Every op, with its named inputs and attributes.
 *
 * Letters: N images, H rows, W columns, C channels, O output channels, K kernel size, G groups. Images and
 * feature maps are channels-last, `[N,H,W,C]`, or `[N,T,H,W,C]` with T frames; weights have the shape that checkpoints
 * store. In sequences: B sequences, P positions, D width, h heads of D/h elements, V entries of the vocabulary; R rows, each one position of a
 * sequence.
 *
 * The tables keyed by `OpName` (shape rules here, gradients, reference computation and lowering in the backends) are
 * complete by type: a new op does not compile until each has its rule.
 *
 * @internal
 */
export interface OpTable
  extends
    LeavesOps,
    ElementwiseOps,
    ShapeOps,
    ReduceOps,
    LinearOps,
    ConvOps,
    PoolOps,
    NormOps,
    AttentionOps,
    QuantizeOps,
    SamplingOps,
    LossOps,
    OptimizerOps {}

/** The name of an op. */
export type OpName = keyof OpTable;
/** The named inputs of op `O`. */
export type Inputs<O extends OpName> = { readonly [K in keyof OpTable[O]["inputs"]]: Tensor };
/** The attributes of op `O`. */
export type Attrs<O extends OpName> = Readonly<OpTable[O]["attrs"]>;

/** A handle on a value to be computed: the op that makes it, what that op reads, and what comes out. */
export interface TensorOf<O extends OpName> extends Spec {
  /** The op that computes it. */
  readonly op: O;
  /** The tensors that the op reads. */
  readonly inputs: Inputs<O>;
  /** The attributes of the op. */
  readonly attrs: Attrs<O>;
}

/** A handle made by any op. Narrow it by its `op`. */
export type Tensor = { [O in OpName]: TensorOf<O> }[OpName];

/** The tensors that `tensor`'s op reads, in the order of its declaration. */
export function inputsOf(tensor: Tensor): Tensor[] {
  return Object.values(tensor.inputs).filter((input) => input !== undefined);
}

/** The name of what makes `tensor`: its op, or the function of `unary` and `binary`. */
export function operationOf(tensor: Tensor): string {
  return tensor.op === "unary" || tensor.op === "binary" ? tensor.attrs.fn : tensor.op;
}
