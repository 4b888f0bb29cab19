import { decodeImage } from "../src/image/decode.ts";
import { encodeImage } from "../src/image/encode.ts";
import type { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import type { Generator } from "../src/transformer/generator.ts";
import { smallSample } from "../tests/support/models.ts";

const ring = await Deno.readFile(smallSample("ring"));
const settings = { seed: 7, guidance: 4 };

/** A kind of work, as a request and as calls of the library. Both return the same image file. */
export interface Work {
  readonly name: string;
  readonly path: string;
  readonly init: RequestInit;
  /** The image file in a response. */
  image(response: Response): Promise<Uint8Array>;
  library(models: { tokenizer: Tokenizer; generator: Generator }): Promise<Uint8Array>;
}

/** The kinds of work that are measured. */
export const works: readonly Work[] = [
  {
    name: "reconstruct",
    path: "/v1/reconstruct",
    init: { method: "POST", headers: { "content-type": "image/png" }, body: ring },
    image: (response) => response.bytes(),
    library: async ({ tokenizer }) => await encodeImage(await tokenizer.reconstruct(await decodeImage(ring))),
  },
  {
    name: "generate",
    path: "/v1/images/generations",
    init: {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ class_id: 3, ...settings }),
    },
    image: async (response) => Uint8Array.fromBase64((await response.json()).data[0].b64_json),
    library: async ({ generator }) => {
      const [image] = await generator.generate({ classIds: 3, ...settings });
      return await encodeImage(image!.image);
    },
  },
];
