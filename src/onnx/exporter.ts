import type { OpName, TensorOf } from "../graph/ops.ts";
import type { Emitter, Named } from "./emitter.ts";

/** Emits the nodes that compute an op, and says what its result is called. */
export type Exporter<O extends OpName> = (tensor: TensorOf<O>, to: Emitter) => Named;

/** Of an op that cannot be exported: what it is instead. */
export interface Unsupported {
  readonly unsupported: string;
}

/** For each of some ops, how it is exported or why not. */
export type Exporters<O extends OpName> = { readonly [P in O]: Exporter<P> | Unsupported };

/** The reason of ops that only graphs of training hold. */
export const training: Unsupported = { unsupported: "an op of training" };
