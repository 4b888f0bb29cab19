import type { GenerationScheduler, ServableGenerator } from "./generation_scheduler.ts";
import { isGuided } from "../../transformer/generation.ts";
import type { ServableTokenizer, TokenizerBatcher } from "./tokenizer_batcher.ts";

/** What routes need of a tokenizer. */
export type TokenizerWork = Pick<TokenizerBatcher, "encode" | "decode">;

/** What routes need of a generator. */
export type GenerationWork = Pick<GenerationScheduler, "generate"> & AsyncDisposable;

/**
 * Works for each request by itself, for hosts where one request must not wait for the timers of another: there a batch
 * would end with the request that began it.
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

/** The same for generation: a table of one place for each image. */
export function directGeneration(generator: ServableGenerator): GenerationWork {
  return {
    async generate(generation, { signal, onStart }, onToken) {
      signal.throwIfAborted();
      onStart?.();
      await using table = await generator.openBatch({ size: 1, guided: isGuided(generation.settings) });
      while (generation.count < generation.tokens.length) {
        const [failure] = await table.step([generation], { signal });
        if (failure) throw failure;
        onToken?.(generation.count);
      }
      return generation.tokens;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
