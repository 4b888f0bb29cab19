/**
 * The tokenizer in a thread of the page's own: `deno run -A examples/serve_page.ts web_worker`. For each photo its tokens
 * and the decoded image go back.
 */
import { toImageData, Tokenizer, type Tokens } from "@voken/magvit2";

/** What becomes of a photo. */
export type Answer = { readonly tokens: Tokens; readonly image: ImageData } | { readonly error: string };

const loading = Tokenizer.load("/models/emoji-64/");

self.addEventListener("message", async ({ data: photo }: MessageEvent<ImageBitmap>) => {
  try {
    const tokenizer = await loading;
    const tokens = await tokenizer.encode(photo);
    const image = toImageData(await tokenizer.decode(tokens));
    answer({ tokens, image }, [image.data.buffer]);
  } catch (error) {
    answer({ error: String(error) });
  }
});

function answer(message: Answer, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}
