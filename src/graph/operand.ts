import type { Shape } from "../tensor/shape.ts";
import type { GraphDType } from "../tensor/tensor.ts";

/** Shape and element type of a tensor. */
export interface Spec {
  /** Lengths of the axes. */
  readonly shape: Shape;
  /** Type of the elements. */
  readonly dtype: GraphDType;
}

/** A tensor as the tables of ops see it: the result of some op. `Tensor` in `ops.ts` is one of a known op. */
export interface Operand extends Spec {
  readonly op: string;
  readonly inputs: object;
  readonly attrs: object;
}

/** No inputs. */
export type NoInputs = Readonly<Record<never, never>>;
/** No attributes. */
export type NoAttrs = Readonly<Record<never, never>>;
/** An op of one tensor, without attributes. */
export interface Unary {
  inputs: { x: Operand };
  attrs: NoAttrs;
}
/** The gradient of an op of one tensor by that tensor. */
export interface Backward {
  inputs: { x: Operand; dy: Operand };
  attrs: NoAttrs;
}

type Table<T> = { [O in keyof T]: { inputs: object; attrs: object } };

/** For each op of a table, the shape and dtype of its result. */
export type ShapeRules<T extends Table<T>> = {
  readonly [O in keyof T]: (inputs: Readonly<T[O]["inputs"]>, attrs: Readonly<T[O]["attrs"]>) => Spec;
};

/** For each op of a table, its floating-point operations. */
export type FlopRules<T extends Table<T>> = {
  readonly [O in keyof T]: (
    tensor: Spec & { readonly inputs: Readonly<T[O]["inputs"]>; readonly attrs: Readonly<T[O]["attrs"]> },
  ) => number;
};
