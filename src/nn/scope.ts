import { param } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import type { Shape } from "../tensor/shape.ts";

/** A place in a model's tree of parameters. Its path is the prefix of the checkpoint's names. */
export class Scope {
  readonly path: string;

  constructor(path = "") {
    this.path = path;
  }

  /** The place below this one: `scope.at("block", 0)` is `….block.0`. */
  at(...names: readonly (string | number)[]): Scope {
    return new Scope([...(this.path ? [this.path] : []), ...names].join("."));
  }

  /** The parameter `name` here, of the shape that the checkpoint stores. */
  param(name: string, shape: Shape): Tensor {
    return param(this.at(name).path, shape);
  }
}
