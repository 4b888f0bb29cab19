import { safetensorsHeader } from "../io/safetensors/write.ts";
import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, required, wholeNumber } from "../tensor/options.ts";
import { decodeTokens } from "./read_tokens.ts";
import { type TokenFacts, tokenSetKey } from "./token_facts.ts";
import { takeAlike } from "./token_file.ts";
import type { Tokens } from "./tokens.ts";
import { sidesOf } from "./tokens_size.ts";

/** Options of `TokenEncoderStream`. */
export interface TokenEncoderOptions {
  /** How many images' tokens will be written: the file begins with their number. */
  count: number;
}

const kinds: Kinds<TokenEncoderOptions> = { count: required(wholeNumber(1)) };

/**
 * Turns the tokens of images of one size into the bytes of a safetensors file, which `readTokens`, a `TokenDecoderStream` and
 * trainings read: `tokens` u32 `[count,h,w]`, and the rest in the metadata. One image's tokens are in memory at a time.
 *
 * The stream fails with `ArgumentError` where tokens are not of the first ones' grid, or there are more or fewer than `count`.
 *
 * @example
 * ```ts
 * import { createWriteStream } from "node:fs";
 * import { Writable } from "node:stream";
 * import { images, TokenEncoderStream, Tokenizer } from "@voken/magvit2";
 *
 * await using tokenizer = await Tokenizer.load("emoji-64");
 * const encoder = new TokenEncoderStream({ count: 1000 });
 * const written = encoder.readable.pipeTo(Writable.toWeb(createWriteStream("tokens.safetensors")));
 * const writer = encoder.writable.getWriter();
 * for await (const { image } of images("photos")) await writer.write(await tokenizer.encode(image));
 * await writer.close();
 * await written;
 * ```
 */
export class TokenEncoderStream extends TransformStream<Tokens, Uint8Array<ArrayBuffer>> {
  /** Makes a stream for the tokens of `count` images. */
  constructor(options: TokenEncoderOptions) {
    checkOptions(options, kinds, "write tokens");
    const { count } = options;
    let first: Tokens | undefined, written = 0;
    const misfit = (got: number) => unfit("Cannot write tokens", `those of ${count} images (count)`, got);
    super({
      transform(given, controller) {
        const tokens = takeAlike(first ? [first, given] : [given]).all.at(-1)!;
        if (!first) controller.enqueue(headerOf(tokens, count));
        first = tokens;
        if (written === count) throw misfit(count + 1);
        controller.enqueue(new Uint8Array(tokens.data.slice().buffer));
        written++;
      },
      flush() {
        if (written !== count) throw misfit(written);
      },
    });
  }
}

/**
 * Turns the bytes of a file of tokens into the tokens of each image. Files are those that `readTokens` reads. Safetensors files
 * are decoded while they come; others are gathered first. Fails as `readTokens` does.
 *
 * @example
 * ```ts
 * import { TokenDecoderStream } from "@voken/magvit2";
 *
 * const { body } = await fetch("https://example.org/tokens.safetensors");
 * for await (const tokens of body!.pipeThrough(new TokenDecoderStream())) console.log(tokens.grid);
 * ```
 */
export class TokenDecoderStream {
  /** Takes the bytes of the file. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /** Gives the tokens, image by image. */
  readonly readable: ReadableStream<Tokens>;

  /** Makes a stream for one file. */
  constructor() {
    const bytes = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
    const all = decodeTokens(piecesOf(bytes.readable), { name: "the stream" });
    this.writable = bytes.writable;
    this.readable = new ReadableStream<Tokens>({
      async pull(controller) {
        const { value, done } = await all.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await all.return();
      },
    }, { highWaterMark: 0 });
  }
}

function headerOf({ grid, codebookSize, size }: Tokens, count: number): Uint8Array<ArrayBuffer> {
  const pixels = size && { size: sidesOf(size) };
  const facts: TokenFacts = { codebookSize, ...pixels, classes: [] };
  return safetensorsHeader({ [tokenSetKey]: JSON.stringify(facts) }, [
    { name: "tokens", dtype: "u32", shape: [count, ...grid] },
  ]);
}

/** What a stream gives. Not every browser iterates over streams. */
async function* piecesOf<Piece>(stream: ReadableStream<Piece>): AsyncGenerator<Piece> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
