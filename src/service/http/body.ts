import { concat } from "../../io/concat.ts";
import { free } from "../../tensor/free.ts";
import { RequestError, tooLarge } from "../request_error.ts";

/** How a body is read. */
export interface BodyOptions {
  /** Most bytes, and the name of that limit. */
  readonly most: number;
  readonly limit: string;
  /** Called with the number of bytes of each part; what it throws ends the reading. */
  readonly onBytes: (bytes: number) => void;
  /** Whether the parts belong to nobody else, as those of a connection. */
  readonly owned: boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * Reads the whole body of a request. Throws `RequestError` with 413 if it has more than `most` bytes, whether or not
 * its length is declared, and with 400 if it is truncated; what `onBytes` throws; and the signal's reason.
 */
export async function readBody(
  request: Request,
  { most, limit, onBytes, owned, signal }: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = request.headers.get("content-length");
  const declared = header === null ? undefined : Number(header);
  const refuse = (got: string) => tooLarge("body_too_large", { limit, most: `${most} bytes of body`, got });
  if (declared !== undefined && declared > most) throw refuse(`${declared}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // The garbage collector would let hundreds of megabytes pile up. A part may lie in a larger buffer, with those of others.
  const letGo = () => {
    for (const part of owned ? chunks : []) if (part.byteLength === part.buffer.byteLength) free(part);
  };
  if (request.body) {
    const reader = request.body.getReader();
    // The rest of the body is not read.
    const leave = () => void reader.cancel().catch(() => {});
    signal.addEventListener("abort", leave, { once: true });
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        length += part.value.length;
        if (length > most) throw refuse(`more than ${most}`);
        onBytes(part.value.length);
        chunks.push(part.value);
      }
      signal.throwIfAborted();
    } catch (cause) {
      leave();
      letGo();
      signal.throwIfAborted();
      if (cause instanceof RequestError) throw cause;
      throw truncated(cause);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
  if (declared !== undefined && declared !== length) throw truncated();
  const body = concat(chunks);
  letGo();
  return body;
}

function truncated(cause?: unknown): RequestError {
  return new RequestError(400, "truncated_body", {
    message: "Expected a complete body, got a truncated one",
    cause,
  });
}
