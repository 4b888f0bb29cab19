import { decodeImage } from "../src/image/decode.ts";
import { encodeImage } from "../src/image/encode.ts";
import type { Tokenizer } from "../src/tokenizer/tokenizer.ts";
import type { Generator } from "../src/transformer/generator.ts";
import { shippedModel, shippedSample, smallSample } from "../tests/support/models.ts";
import { smallModel } from "../tests/support/small_model.ts";

/** The models that are measured, by name, with the image that is reconstructed by each: of the size that it generates. */
export const models: Readonly<Record<string, { folder: string; image: string }>> = {
  small: { folder: smallModel, image: smallSample("ring") },
  "emoji-64": { folder: shippedModel, image: shippedSample("ring") },
};

const settings = { seed: 7, guidance: 4 };

/** A kind of work, as a request and as calls of the library. Both return the same image file. */
export interface Work {
  readonly name: string;
  readonly path: string;
  readonly init: RequestInit;
  /** The image file in a response. */
  image(response: Response): Promise<Uint8Array>;
  library(models: { tokenizer: Tokenizer; generator: Generator }): Promise<Uint8Array>;
  /** As many images at once as the service puts into a batch. */
  batch(models: { tokenizer: Tokenizer; generator: Generator }): Promise<unknown[]>;
}

/** The kinds of work that are measured, with the image of a file. */
export const worksOf = (file: Uint8Array<ArrayBuffer>): Work[] => [
  {
    name: "reconstruct",
    path: "/v1/reconstruct",
    init: { method: "POST", headers: { "content-type": "image/png" }, body: file },
    image: (response) => response.bytes(),
    library: async ({ tokenizer }) => await encodeImage(await tokenizer.reconstruct(await decodeImage(file))),
    batch: async ({ tokenizer }) => {
      const image = await decodeImage(file), images = Array.from({ length: 8 }, () => image);
      return await tokenizer.decode(await tokenizer.encode(images));
    },
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
    batch: async ({ generator }) => await generator.generate({ classIds: 3, n: 16, ...settings }),
  },
];
