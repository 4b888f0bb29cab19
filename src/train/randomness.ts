import { broadcastTo, constant, dropout, input, isPositive, select } from "../graph/build.ts";
import type { Tensor } from "../graph/ops.ts";
import { checkOptions, type Kinds, required, wholeNumber } from "../tensor/options.ts";
import { type HostTensor, u32Tensor } from "../tensor/tensor.ts";

/** The input by which `stepRandom` comes, u32 `[4]`. */
const randomName = "random";

/** What a step's random numbers are a function of. */
export interface StepRandom {
  /** Of the whole training, a whole number from 0. */
  readonly seed: number;
  /** The step's number. */
  readonly step: number;
  /** The microbatch of the step; default 0. */
  readonly microbatch?: number;
}

const randomKinds: Kinds<StepRandom> = {
  seed: required(wholeNumber(0)),
  step: required(wholeNumber(0, 2 ** 32 - 1)),
  microbatch: wholeNumber(0, 2 ** 32 - 1),
};

/** The input of a step that drops, by name: seed, low and high word, step, microbatch. */
export function stepRandom(options: StepRandom): Record<string, HostTensor<"u32">> {
  checkOptions(options, randomKinds, "make a step's random numbers");
  const { seed, step, microbatch = 0 } = options;
  return { [randomName]: u32Tensor([4], Uint32Array.of(seed, seed / 2 ** 32, step, microbatch)) };
}

/**
 * Drops for one graph, each call with a mask of its own, in the order of calls. The graph has the input of `stepRandom`
 * if any of the rates is above 0.
 */
export class Dropper {
  readonly #random: Tensor = input(randomName, { shape: [4], dtype: "u32" });
  #sites = 0;

  /** Dropout: `x / (1 − rate)` or 0, by element. */
  drop(x: Tensor, rate: number): Tensor {
    return dropout(x, { random: this.#random, rate, site: this.#sites++ });
  }

  /** Each of words u32 `[R]`, or with probability `rate` the word `none` instead. */
  replace(words: Tensor, { rate, none }: { rate: number; none: number }): Tensor {
    const { shape: [rows] } = words;
    const ones = broadcastTo(constant(1), [rows!]), kept = this.drop(ones, rate);
    if (kept === ones) return words;
    const nones = constant(u32Tensor([rows!], new Uint32Array(rows!).fill(none)));
    return select(isPositive(kept), { a: words, b: nones });
  }
}
