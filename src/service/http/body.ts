import { RequestError, tooLarge } from "../request_error.ts";

/**
 * The whole body of a request. Refuses with 413 one over `most` bytes, whether its length is announced or it comes in
 * chunks, and with 400 one that breaks off.
 */
export async function readBody(
  request: Request,
  { most, limit }: { most: number; limit: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get("content-length");
  const announced = header === null ? undefined : Number(header);
  const refuse = (got: string) => tooLarge("body_too_large", { limit, most: `${most} bytes of body`, got });
  if (announced !== undefined && announced > most) throw refuse(`${announced}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body) {
    const reader = request.body.getReader();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        length += part.value.length;
        if (length > most) {
          // What is still to come is nobody's business any more.
          reader.cancel().catch(() => {});
          throw refuse(`more than ${most}`);
        }
        chunks.push(part.value);
      }
    } catch (cause) {
      if (cause instanceof RequestError) throw cause;
      throw truncated(cause);
    }
  }
  if (announced !== undefined && announced !== length) throw truncated();
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function truncated(cause?: unknown): RequestError {
  return new RequestError(400, "truncated_body", {
    message: "Expected a whole body, got one that breaks off",
    cause,
  });
}
