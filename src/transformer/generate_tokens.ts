import type { Cancellable } from "../backend/backend.ts";
import type { TransformerEngine } from "./engine.ts";
import { advance, beginGeneration, type Candidate, isDrawn, isGuided } from "./generation.ts";
import type { Kept } from "./given.ts";
import type { SamplingSettings } from "./settings.ts";
import { nonFiniteLogits, sampledToken, stepInputs } from "./step_inputs.ts";

/** Images that are generated together. */
export interface Batch {
  /** All candidates of the images, image by image. */
  readonly candidates: readonly Candidate[];
  readonly seed: number;
  readonly settings: SamplingSettings;
  /** What of each image is kept. */
  readonly kept?: Kept;
}

/**
 * Generates the tokens of a batch, position by position. Yields after each position the tokens of all candidates,
 * `[positions]` each, and how many of them are generated. The caller holds the engine's lock. Throws `NumericError` if logits
 * are not finite, and the signal's reason.
 */
export async function* generateTokens(
  engine: TransformerEngine,
  { candidates, seed, settings, kept }: Batch,
  { signal }: Cancellable = {},
): AsyncGenerator<{ tokens: readonly Uint32Array[]; count: number }, void, undefined> {
  const { config } = engine, { bits } = config;
  const n = candidates.length, positions = config.grid ** 2, guided = isGuided(settings);
  const generations = candidates.map((candidate) =>
    beginGeneration(candidate, { seed, settings, positions, kept })
  );
  const tokens = generations.map((generation) => generation.tokens), first = generations[0]!;
  if (first.count === positions) yield { tokens, count: positions };
  while (first.count < positions) {
    signal?.throwIfAborted();
    const { count } = first, most = Math.min(engine.stepsAtOnce, positions - count);
    let length = 1;
    // Steps after the first read their last tokens from the step before, which must not be a token that is kept.
    while (length < most && isDrawn(first, count + length - 1)) length++;
    const inputs = Array.from(
      { length },
      (_, i) =>
        stepInputs(generations.map((generation) => ({ ...generation, count: count + i })), {
          config,
          guided,
        }),
    );
    for (const outputs of await engine.steps({ n, guided }, inputs, { signal })) {
      generations.forEach((generation, i) => {
        const token = sampledToken(outputs, { bits, i });
        if (token === undefined) throw nonFiniteLogits();
        advance(generation, token);
      });
      yield { tokens, count: first.count };
      if (first.count === positions) break;
    }
  }
}
