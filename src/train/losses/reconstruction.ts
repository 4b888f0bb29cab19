import { sub } from "../../graph/build.ts";
import { abs } from "../../graph/build_training.ts";
import type { Tensor } from "../../graph/ops.ts";
import { meanOf } from "./adversarial.ts";

/** The mean distance |x − y| of two tensors of one shape, `[]`. */
export function l1Loss(x: Tensor, y: Tensor): Tensor {
  return meanOf(abs(sub(x, y)));
}
