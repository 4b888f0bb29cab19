import type { Cancellable } from "../backend/backend.ts";
import type { TransformerEngine } from "./engine.ts";
import { beginGeneration, type Candidate, isGuided } from "./generation.ts";
import type { SamplingSettings } from "./settings.ts";
import { nonFiniteLogits, sampledToken, stepInputs } from "./step_inputs.ts";

/** Images that are generated together. */
export interface Batch {
  /** All candidates of the images, image by image. */
  readonly candidates: readonly Candidate[];
  readonly seed: number;
  readonly settings: SamplingSettings;
}

/**
 * Generates the tokens of a batch, position by position. Yields after each position the tokens of all candidates,
 * `[positions]` each, and how many of them are generated. The caller holds the engine's lock. Throws `NumericError` if logits
 * are not finite, and the signal's reason.
 */
export async function* generateTokens(
  engine: TransformerEngine,
  { candidates, seed, settings }: Batch,
  { signal }: Cancellable = {},
): AsyncGenerator<{ tokens: readonly Uint32Array[]; count: number }, void, undefined> {
  const { config } = engine, { bits } = config;
  const n = candidates.length, positions = config.grid ** 2, guided = isGuided(settings);
  const generations = candidates.map((candidate) =>
    beginGeneration(candidate, { seed, settings, positions })
  );
  const tokens = generations.map((generation) => generation.tokens);
  for (let first = 0; first < positions; first += engine.stepsAtOnce) {
    signal?.throwIfAborted();
    // Steps after the first read their last tokens from the step before.
    const inputs = Array.from(
      { length: Math.min(engine.stepsAtOnce, positions - first) },
      (_, i) =>
        stepInputs(generations.map((generation) => ({ ...generation, count: first + i })), {
          config,
          guided,
        }),
    );
    for (const outputs of await engine.steps({ n, guided }, inputs, { signal })) {
      generations.forEach((generation, i) => {
        const token = sampledToken(outputs, { bits, i });
        if (token === undefined) throw nonFiniteLogits();
        generation.tokens[generation.count++] = token;
      });
      yield { tokens, count: generations[0]!.count };
    }
  }
}
