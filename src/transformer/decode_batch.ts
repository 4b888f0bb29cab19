import type { Cancellable, Program } from "../backend/backend.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { unfit } from "../tensor/describe.ts";
import type { NumericError } from "../tensor/errors.ts";
import { cancellable, checkKind, checkOptions, wholeNumber } from "../tensor/options.ts";
import { advance, checkGeneration, isGuided, type Slot } from "./generation.ts";
import { nonFiniteLogits, sampledToken, stepInputs } from "./step_inputs.ts";

const action = "generate the next tokens";

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
   * earlier positions. Rejects as `Program.run` does, and with `ArgumentError` for what is no image of this model, or complete;
   * then no image has advanced.
   */
  async step(slots: readonly Slot[], options: Cancellable = {}): Promise<StepOutcome[]> {
    checkOptions(options, cancellable, action);
    this.#check(slots);
    const all = Array.from({ length: this.size }, (_, i) => slots[i]);
    const inputs = stepInputs(all, { config: this.#config, guided: this.guided });
    const outputs = await this.#program.run(inputs, options);
    return slots.map((generation, i) => {
      if (!generation) return;
      const token = sampledToken(outputs, { bits: this.#config.bits, i });
      if (token === undefined) return nonFiniteLogits();
      advance(generation, token);
    });
  }

  #check(slots: readonly Slot[]): void {
    if (!Array.isArray(slots) || slots.length > this.size) {
      throw unfit(`Cannot ${action}: slots`, `a list of at most ${this.size} images`, slots);
    }
    for (const slot of slots as readonly Slot[]) {
      if (slot === undefined) continue;
      checkGeneration(slot, this.#config, action);
      const left = wholeNumber(0, slot.tokens.length - 1);
      checkKind(slot.count, left, `Cannot ${action}: count`);
      if (isGuided(slot.settings) && !this.guided) {
        throw unfit(`Cannot ${action}: guidance`, "1, in a batch without guidance", slot.settings.guidance);
      }
    }
  }

  /** Frees the program and its memory of earlier positions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
