import { tokenBits } from "../../tokenizer/codebook.ts";
import { badRequest } from "../request_error.ts";

/**
 * Packs tokens into a string of bits, `tokenBits(codebookSize)` bits each, least significant bit first, padded with
 * zeros to whole bytes.
 */
export function packTokens(tokens: Uint32Array, codebookSize: number): Uint8Array<ArrayBuffer> {
  const bits = tokenBits(codebookSize);
  const packed = new Uint8Array(Math.ceil(tokens.length * bits / 8));
  let at = 0;
  for (const token of tokens) {
    for (let bit = 0; bit < bits; bit++, at++) {
      if (token >>> bit & 1) packed[at >> 3]! |= 1 << (at & 7);
    }
  }
  return packed;
}

/** Unpacks `count` tokens. Throws `RequestError` with 400 if the number of bytes is wrong or a padding bit is set. */
export function unpackTokens(
  packed: Uint8Array,
  { count, codebookSize }: { count: number; codebookSize: number },
): Uint32Array {
  const bits = tokenBits(codebookSize);
  const length = Math.ceil(count * bits / 8);
  if (packed.length !== length) {
    throw badRequest(
      "invalid_tokens",
      `Expected ${length} bytes for ${count} tokens of ${bits} bits, got ${packed.length}`,
      "tokens",
    );
  }
  const tokens = new Uint32Array(count);
  for (let at = 0; at < length * 8; at++) {
    if (!(packed[at >> 3]! >>> (at & 7) & 1)) continue;
    if (at >= count * bits) {
      throw badRequest("invalid_tokens", "Expected zeros after the last token, got a one", "tokens");
    }
    const token = Math.floor(at / bits);
    tokens[token] = (tokens[token]! | 1 << at % bits) >>> 0;
  }
  return tokens;
}
