import type { DrawingScheduler, ServableGenerator } from "./drawing_scheduler.ts";
import { isGuided } from "../../transformer/drawing.ts";
import type { ServableTokenizer, TokenizerBatcher } from "./tokenizer_batcher.ts";

/** What routes need of a tokenizer. */
export type TokenizerWork = Pick<TokenizerBatcher, "encode" | "decode">;

/** What routes need of a generator. */
export type DrawingWork = Pick<DrawingScheduler, "draw"> & AsyncDisposable;

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

/** The same for drawing: a table of one place for each picture. */
export function directDrawing(generator: ServableGenerator): DrawingWork {
  return {
    async draw(drawing, { signal, onStart }, onToken) {
      signal.throwIfAborted();
      onStart?.();
      await using table = await generator.openTable({ size: 1, guided: isGuided(drawing.settings) });
      while (drawing.count < drawing.tokens.length) {
        const [failure] = await table.step([drawing], { signal });
        if (failure) throw failure;
        onToken?.(drawing.count);
      }
      return drawing.tokens;
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
