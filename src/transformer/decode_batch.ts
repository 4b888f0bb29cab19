import type { Cancellable, Program } from "../backend/backend.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import type { NumericError } from "../tensor/errors.ts";
import type { Slot } from "./generation.ts";
import { nonFiniteLogits, sampledToken, stepInputs } from "./step_inputs.ts";

/** Outcome of a step for one image: an error ends the generation of this image alone. */
export type StepOutcome = NumericError | undefined;

/**
 * Slots in which images are generated side by side, each at its own position and of its own class, seed and settings. The
 * image of a slot does not depend on the other slots, and is the one that `Generator.generate` makes.
 */
export class DecodeBatch implements AsyncDisposable {
  /** Number of slots. */
  readonly size: number;
  /** Whether its images are generated with guidance. */
  readonly guided: boolean;
  readonly #config: TransformerConfig;
  readonly #program: Program;

  /** Made by `Generator.openBatch`. */
  constructor(
    program: Program,
    { config, size, guided }: { config: TransformerConfig; size: number; guided: boolean },
  ) {
    this.size = size;
    this.guided = guided;
    this.#config = config;
    this.#program = program;
  }

  /**
   * Generates the next token of the image in each slot. An image stays in the slot where it began: the batch remembers its
   * earlier positions. Rejects as `Program.run` does; then no image has advanced.
   */
  async step(slots: readonly Slot[], options: Cancellable = {}): Promise<StepOutcome[]> {
    const all = Array.from({ length: this.size }, (_, i) => slots[i]);
    const inputs = stepInputs(all, { config: this.#config, guided: this.guided });
    const outputs = await this.#program.run(inputs, options);
    return slots.map((generation, i) => {
      if (!generation) return;
      const token = sampledToken(outputs, { bits: this.#config.bits, i });
      if (token === undefined) return nonFiniteLogits();
      generation.tokens[generation.count++] = token;
    });
  }

  /** Frees the program and its memory of earlier positions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
