import type { Image } from "../../image/image.ts";
import { prepareImage } from "../../image/prepare.ts";
import { readImage } from "../../image/read.ts";
import type { Tokenizer } from "../../tokenizer/tokenizer.ts";
import type { PictureSource } from "../data/source.ts";

/** The tokens of pictures, each as it is and mirrored, cut into the two sub-tokens of a transformer. */
export class TokenTable {
  /** Tokens of a picture. */
  readonly positions: number;
  readonly #tokens: readonly [plain: Uint32Array, mirrored: Uint32Array];

  private constructor(positions: number, tokens: readonly [Uint32Array, Uint32Array]) {
    this.positions = positions;
    this.#tokens = tokens;
  }

  /** Encodes all pictures, from their middles; without `mirrored` they have no mirror images. */
  static async encode(
    tokenizer: Tokenizer,
    source: PictureSource,
    { size, mirrored, batch = 64, onProgress }: {
      size: number;
      mirrored: boolean;
      batch?: number;
      onProgress?: (progress: { done: number; total: number }) => void;
    },
  ): Promise<TokenTable> {
    const positions = (size / tokenizer.factor) ** 2;
    const tables = [false, true].map((mirror) =>
      new Uint32Array(mirror && !mirrored ? 0 : source.length * positions)
    );
    for (let start = 0; start < source.length; start += batch) {
      const images: Image[] = [], end = Math.min(source.length, start + batch);
      for (let i = start; i < end; i++) {
        const read = await source.read(i);
        images.push(read instanceof Uint8Array ? await readImage(read) : read);
      }
      for (const [which, table] of tables.entries()) {
        if (table.length === 0) continue;
        const squares = images.map((image) =>
          prepareImage(image, { size, crop: "center", mirrored: which === 1 })
        );
        (await tokenizer.encode(squares)).forEach(({ data }, i) => table.set(data, (start + i) * positions));
      }
      onProgress?.({ done: end, total: source.length });
    }
    return new TokenTable(positions, tables as [Uint32Array, Uint32Array]);
  }

  /** The sub-tokens of some pictures, of `bits` bits each: the lower bits of a token first. */
  subTokens(
    picks: readonly { picture: number; mirrored: boolean }[],
    bits: readonly [number, number],
  ): { pre: Uint32Array<ArrayBuffer>; post: Uint32Array<ArrayBuffer> } {
    const { positions } = this, length = picks.length * positions;
    const pre = new Uint32Array(length), post = new Uint32Array(length);
    picks.forEach(({ picture, mirrored }, i) => {
      const table = this.#tokens[mirrored ? 1 : 0];
      for (let p = 0; p < positions; p++) {
        const token = table[picture * positions + p]!;
        pre[i * positions + p] = token & (2 ** bits[0] - 1);
        post[i * positions + p] = token >>> bits[0];
      }
    });
    return { pre, post };
  }
}
