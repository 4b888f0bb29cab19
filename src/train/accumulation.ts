import { add, assign, constant, input, mul, reshape, slice, state, sub } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { f32Tensor, type HostTensor } from "../tensor/tensor.ts";
import { guarded } from "./guard.ts";
import { trainedName } from "./optimizer/adam.ts";

/** The input by which `stepPart` comes, f32 `[2]`: whether earlier parts count, whether this one is the last. */
const partName = "part";

/** Which of a step's parts a run is, from 0: the first begins new sums, the last ends in an update. */
export function stepPart({ part, of }: { part: number; of: number }): Record<string, HostTensor<"f32">> {
  return { [partName]: f32Tensor([2], Float32Array.of(part > 0 ? 1 : 0, part === of - 1 ? 1 : 0)) };
}

/** Sums of gradients over the parts of a step, in states `grad.<parameter>`. */
export class Accumulation {
  readonly #parts: number;
  readonly #later: Tensor;
  readonly #last: Tensor;
  readonly #sums = new Map<Tensor, Tensor>();

  constructor(parts: number) {
    const both = input(partName, { shape: [2], dtype: "f32" });
    const number = (start: number) => reshape(slice(both, { axis: 0, start, length: 1 }), []);
    this.#parts = parts;
    this.#later = number(0);
    this.#last = number(1);
  }

  /** The mean of a parameter's gradients over the parts, as far as this one. */
  add(parameter: Tensor, gradient: Tensor): Tensor {
    const before = state(`grad.${trainedName(parameter)}`, parameter);
    const sum = add(mul(before, this.#later), mul(gradient, constant(1 / this.#parts)));
    this.#sums.set(before, sum);
    return sum;
  }

  /**
   * Whether the optimizer is to take its step: 1 at the last part, if it and all before it were `finite` (1 or 0), else 0;
   * whether all were, so far; and the effects that keep both. Sums are kept while they are finite, so that what is
   * multiplied by 0 at the next step's begin is a number.
   */
  end(finite: Tensor): { update: Tensor; finite: Tensor; effects: Tensor[] } {
    const before = state("grad.finite", { shape: [], dtype: "f32" });
    const first = sub(constant(1), this.#later);
    const all = mul(finite, add(mul(before, this.#later), first));
    const sums = [...this.#sums].map(([kept, sum]) => assign(kept, sum));
    return {
      update: mul(this.#last, all),
      finite: all,
      effects: [...guarded(sums, finite), assign(before, all)],
    };
  }
}
