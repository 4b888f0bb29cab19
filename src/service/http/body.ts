import { concat } from "../../io/concat.ts";
import { RequestError, tooLarge } from "../request_error.ts";

/**
 * Reads the whole body of a request. Throws `RequestError` with 413 if it has more than `most` bytes, whether or not
 * its length is declared, and with 400 if it is truncated.
 */
export async function readBody(
  request: Request,
  { most, limit }: { most: number; limit: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get("content-length");
  const declared = header === null ? undefined : Number(header);
  const refuse = (got: string) => tooLarge("body_too_large", { limit, most: `${most} bytes of body`, got });
  if (declared !== undefined && declared > most) throw refuse(`${declared}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body) {
    const reader = request.body.getReader();
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        length += part.value.length;
        if (length > most) {
          // The rest of the body is not read.
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
  if (declared !== undefined && declared !== length) throw truncated();
  return concat(chunks);
}

function truncated(cause?: unknown): RequestError {
  return new RequestError(400, "truncated_body", {
    message: "Expected a complete body, got a truncated one",
    cause,
  });
}
