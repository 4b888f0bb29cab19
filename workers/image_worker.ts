/** Decodes and encodes picture files in a thread of its own, which may be ended at any time. */
import { nodeWorkers } from "../src/backend/wasm/features.ts";
import { decodeImage } from "../src/image/decode.ts";
import { encodeImage } from "../src/image/encode.ts";
import { ArgumentError, ImageError } from "../src/tensor/errors.ts";
import type { ImageWorkerAnswer, ImageWorkerRequest } from "./image_protocol.ts";

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
      return { type: "decoded", image: await decodeImage(request.bytes, { maxPixels: request.maxPixels }) };
    }
    const { image, format, quality } = request;
    return { type: "encoded", bytes: await encodeImage(image, { format, quality }) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refused = error instanceof ImageError || error instanceof ArgumentError;
    return { type: refused ? "refused" : "failed", message };
  }
}
