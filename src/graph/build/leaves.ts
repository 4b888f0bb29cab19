import type { Shape } from "../../tensor/shape.ts";
import { f32Tensor, type GraphDType, type HostTensor } from "../../tensor/tensor.ts";
import { apply } from "../apply.ts";
import type { Gradients } from "../gradients.ts";
import type { Attrs, Tensor } from "../ops.ts";
import type { LeavesOps } from "../ops/leaves.ts";

/** A tensor given at each run under `name`. */
export function input(name: string, { shape, dtype }: { shape: Shape; dtype: GraphDType }): Tensor {
  return apply("input", {}, { name, shape, dtype });
}

/** The weight `name`, of the shape that the checkpoint stores. */
export function param(name: string, shape: Shape): Tensor {
  return apply("param", {}, { name, shape });
}

/** A value known now: a host tensor, or a number as a scalar. */
export function constant(value: HostTensor | number): Tensor {
  return apply("constant", {}, {
    value: typeof value === "number" ? f32Tensor([], Float32Array.of(value)) : value,
  });
}

/** Memory that outlives a run, zeros at first; with `f16` its elements are kept as f16. */
export function state(name: string, attrs: Omit<Attrs<"state">, "name">): Tensor {
  return apply("state", {}, { name, ...attrs });
}

/** The gradients of these ops. */
export const leavesGradients: Gradients<keyof LeavesOps> = {
  input: "leaf",
  param: "leaf",
  constant: "leaf",
  state: "leaf",
};
