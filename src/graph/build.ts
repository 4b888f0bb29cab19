// Functions that build graphs: `apply` for any op, and one for each op by family.
export { apply } from "./apply.ts";
export * from "./build/attention.ts";
export * from "./build/conv.ts";
export * from "./build/elementwise.ts";
export * from "./build/leaves.ts";
export * from "./build/linear.ts";
export * from "./build/loss.ts";
export * from "./build/norm.ts";
export * from "./build/optimizer.ts";
export * from "./build/pool.ts";
export * from "./build/quantize.ts";
export * from "./build/reduce.ts";
export * from "./build/sampling.ts";
export * from "./build/shape.ts";
