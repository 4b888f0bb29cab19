/** A worker that a page starts itself: it loads a tokenizer from bytes and encodes what it is sent. */
import type { ImageInput } from "../../src/image/input.ts";
import { Tokenizer } from "../../src/tokenizer/tokenizer.ts";

/** What the page sends. */
export interface Request {
  readonly model: Uint8Array;
  readonly image: ImageInput;
}

addEventListener("message", async ({ data: { model, image } }: MessageEvent<Request>) => {
  await using tokenizer = await Tokenizer.load(model, { backend: "wasm" });
  const tokens = await tokenizer.encode(image);
  postMessage({ tokens, image: await tokenizer.decode(tokens) });
});
