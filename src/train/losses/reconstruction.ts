import { abs, mul, sub } from "../../graph/build.ts";
import type { Tensor } from "../../graph/ops.ts";
import { meanOf } from "./adversarial.ts";

/** The mean distance |x − y| of two tensors of one shape, `[]`. */
export function l1Loss(x: Tensor, y: Tensor): Tensor {
  return meanOf(abs(sub(x, y)));
}

/** The mean of (x − y)² of two tensors of one shape, `[]`. */
export function l2Loss(x: Tensor, y: Tensor): Tensor {
  const difference = sub(x, y);
  return meanOf(mul(difference, difference));
}
