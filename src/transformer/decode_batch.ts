import type { Cancellable, Program } from "../backend/backend.ts";
import { NumericError } from "../tensor/errors.ts";
import { f32Tensor, type HostTensor, u32Tensor } from "../tensor/tensor.ts";
import type { TransformerConfig } from "../networks/transformer/config.ts";
import { counterOf, type Generation } from "./generation.ts";
import { subTokens } from "../networks/transformer/network.ts";
import { guidanceAt } from "./settings.ts";

/** What became of an image's step: nothing, or the error that ends this image alone. */
export type StepOutcome = NumericError | undefined;

/**
 * Places at which images are generated side by side, each at its own position, of its own class, seed and settings. What
 * is generated at a place does not depend on the others, and is what `Generator.generate` generates.
 */
export class DecodeBatch implements AsyncDisposable {
  /** Places. */
  readonly size: number;
  /** Whether images with guidance are generated here, or those without. */
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
   * Generates the next token of the image at each place; places may be empty. An image stays at the place where it began,
   * and is not generated elsewhere meanwhile. Rejects as `Program.run` does, and has then generated nothing.
   */
  async step(places: readonly (Generation | undefined)[], options: Cancellable = {}): Promise<StepOutcome[]> {
    const generated = await this.#program.run(this.#inputs(places), options);
    const { bits } = this.#config;
    return places.map((generation, i) => {
      if (!generation) return;
      const words = subTokens.map((name) => generated[name]!.data[i]!) as [number, number];
      if (words.some((word, part) => word >= 2 ** bits[part]!)) return noNumbers();
      generation.tokens[generation.count++] = words[0] + words[1] * 2 ** bits[0];
    });
  }

  /** Frees the program and its memory of earlier positions. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  #inputs(places: readonly (Generation | undefined)[]): Record<string, HostTensor> {
    const { size, guided } = this, { grid, bits, classes: nullClass } = this.#config;
    const positions = grid ** 2, rows = guided ? 2 * size : size;
    const row = () => new Uint32Array(rows);
    const classes = row().fill(nullClass), position = row(), pre = row(), post = row();
    const key = new Uint32Array(2 * size), counter = new Uint32Array(4 * size);
    const values = (start: number) => subTokens.map(() => new Float32Array(size).fill(start));
    const temperature = values(1), topP = values(1), guidance = values(1);
    const topK = subTokens.map(() => new Uint32Array(size));
    places.forEach((generation, i) => {
      if (!generation) return;
      const { classId, seed, settings, tokens, count } = generation;
      classes[i] = classId;
      const last = count > 0 ? tokens[count - 1]! : 0;
      for (const at of guided ? [i, size + i] : [i]) {
        position[at] = count;
        pre[at] = last % 2 ** bits[0];
        post[at] = Math.floor(last / 2 ** bits[0]);
      }
      key.set([seed % 2 ** 32, Math.floor(seed / 2 ** 32)], 2 * i);
      counter.set(counterOf(generation, count), 4 * i);
      const scales = guidanceAt(settings, { position: count, positions });
      subTokens.forEach((_, part) => {
        temperature[part]![i] = settings.temperature[part]!;
        topK[part]![i] = Math.min(settings.topK[part]!, 2 ** 32 - 1);
        topP[part]![i] = settings.topP[part]!;
        guidance[part]![i] = scales[part]!;
      });
    });
    return {
      classes: u32Tensor([rows], classes),
      position: u32Tensor([rows], position),
      pre: u32Tensor([rows], pre),
      post: u32Tensor([rows], post),
      key: u32Tensor([size, 2], key),
      counter: u32Tensor([size, 4], counter),
      ...Object.fromEntries(subTokens.flatMap((name, part): [string, HostTensor][] => [
        [`temperature_${name}`, f32Tensor([size], temperature[part]!)],
        [`top_k_${name}`, u32Tensor([size], topK[part]!)],
        [`top_p_${name}`, f32Tensor([size], topP[part]!)],
        ...(guided ? [[`guidance_${name}`, f32Tensor([size], guidance[part]!)] as [string, HostTensor]] : []),
      ])),
    };
  }
}

/** A word out of the vocabulary is how sampling says that its logits were no numbers. */
export function noNumbers(): NumericError {
  return new NumericError("Cannot generate the images", {
    expected: "finite logits",
    got: "NaN or infinite values",
    hint: "check the checkpoint: it is damaged, or its training had diverged",
  });
}
