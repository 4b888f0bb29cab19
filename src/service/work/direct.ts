import { isGuided } from "../../transformer/generation.ts";
import type { GenerationScheduler, ServableGenerator } from "./generation_scheduler.ts";
import type { ServableTokenizer, TokenizerBatcher } from "./tokenizer_batcher.ts";

/** The part of a tokenizer's batcher that routes use. */
export type TokenizerWork = Pick<TokenizerBatcher, "encode" | "decode">;

/** The part of a generation scheduler that routes use. */
export type GenerationWork = Pick<GenerationScheduler, "generate"> & AsyncDisposable;

/**
 * Runs each request by itself. For hosts where a request must not depend on the timers of another one: there a batch
 * would end together with the request that started it.
 */
export function directTokenizer(tokenizer: ServableTokenizer): TokenizerWork {
  return {
    encode(image, { signal, onStart }) {
      onStart?.();
      return tokenizer.encode(image, { signal });
    },
    decode(tokens, { signal, onStart }) {
      onStart?.();
      return tokenizer.decode(tokens, { signal });
    },
  };
}

/** The same for generation: a batch of one slot for each image. */
export function directGeneration(generator: ServableGenerator): GenerationWork {
  return {
    async generate(generation, { signal, onStart }, { onToken } = {}) {
      signal.throwIfAborted();
      onStart?.();
      await using batch = await generator.openBatch({ size: 1, guided: isGuided(generation.settings) });
      while (generation.count < generation.tokens.length) {
        const [failure] = await batch.step([generation], { signal });
        if (failure) throw failure;
        onToken?.(generation.count);
      }
      return generation.tokens;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
