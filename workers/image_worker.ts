/** Decodes, prepares and encodes image files in a separate thread, which may be terminated at any time. */
import { nodeWorkers } from "../src/io/host.ts";
import { decodeImage } from "../src/image/decode.ts";
import { encodeImage } from "../src/image/encode.ts";
import { type Preparation, prepareImage } from "../src/image/prepare.ts";
import { ArgumentError, ImageError } from "../src/tensor/errors.ts";
import type { ImageFormat } from "../src/image/header_type.ts";
import type { Image, Rgb } from "../src/image/image.ts";

/** A request to an image worker, which handles one at a time. */
export type ImageWorkerRequest =
  | {
    readonly type: "decode";
    readonly bytes: Uint8Array;
    readonly maxPixels: number;
    /** The colour behind transparent pixels; default white. */
    readonly background?: Rgb;
    /** How the image is made a square; default: as it is. */
    readonly preparation?: Preparation;
  }
  | {
    readonly type: "encode";
    readonly image: Image;
    readonly format: ImageFormat;
    readonly quality: number | undefined;
  };

/** The answer to a request. `refused` means that the input is invalid, `failed` that the worker is broken. */
export type ImageWorkerAnswer =
  | { readonly type: "decoded"; readonly image: Image }
  | { readonly type: "encoded"; readonly bytes: Uint8Array }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "failed"; readonly message: string };

const port = nodeWorkers()!.parentPort!;
port.on("message", async (request: ImageWorkerRequest) => {
  const answer = await work(request);
  const bytes = answer.type === "decoded"
    ? answer.image.data
    : answer.type === "encoded"
    ? answer.bytes
    : undefined;
  const isWhole = bytes && bytes.byteLength === bytes.buffer.byteLength;
  port.postMessage(answer, isWhole ? [bytes.buffer as ArrayBuffer] : []);
});

async function work(request: ImageWorkerRequest): Promise<ImageWorkerAnswer> {
  try {
    if (request.type === "decode") {
      const { bytes, maxPixels, background, preparation } = request;
      const image = await decodeImage(bytes, { maxPixels, background });
      return { type: "decoded", image: preparation ? prepareImage(image, preparation) : image };
    }
    const { image, format, quality } = request;
    return { type: "encoded", bytes: await encodeImage(image, { format, quality }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = error instanceof ImageError || error instanceof ArgumentError;
    return { type: refused ? "refused" : "failed", message };
  }
}
