import type { Limits } from "../limits.ts";
import { badRequest, RequestError } from "../request_error.ts";
import type { BodyOptions } from "./body.ts";

/** What reads a request's body. */
export interface BodyReader {
  /** Throws as `readBody` of `body.ts` does. */
  readBody(options: Pick<BodyOptions, "most" | "limit">): Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads and parses a JSON body within the limits. Throws `RequestError` as `readBody` and `parseJson` do. */
export async function readJson(
  request: BodyReader,
  { maxJsonBytes, maxJsonDepth }: Pick<Limits, "maxJsonBytes" | "maxJsonDepth">,
): Promise<Record<string, unknown>> {
  const body = await request.readBody({ most: maxJsonBytes, limit: "maxJsonBytes" });
  return parseJson(body, { maxDepth: maxJsonDepth });
}

/**
 * Parses a JSON body. Throws `RequestError` with 400 if it is not JSON or is nested deeper than `maxDepth` (which is
 * checked before parsing), and with 400 if it is not an object or has a key `__proto__`.
 */
export function parseJson(bytes: Uint8Array, { maxDepth }: { maxDepth: number }): Record<string, unknown> {
  checkDepth(bytes, maxDepth);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Keys may contain escapes. Checking every key takes time, so it is only done if one could be `__proto__`.
    value = JSON.parse(text, /__proto__|\\u/i.test(text) ? refuseProto : undefined);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, "invalid_json", { message: "Expected a JSON body", cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("invalid_request", "Expected an object as the body");
  }
  return value as Record<string, unknown>;
}

function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw badRequest("unknown_field", "Unknown field __proto__");
  return value;
}

const quote = 0x22,
  backslash = 0x5c,
  openObject = 0x7b,
  closeObject = 0x7d,
  openList = 0x5b,
  closeList = 0x5d;

function checkDepth(bytes: Uint8Array, maxDepth: number): void {
  let depth = 0, inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (inString) {
      if (byte === backslash) i++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openObject || byte === openList) {
      if (++depth > maxDepth) {
        throw new RequestError(400, "json_too_deep", {
          message: `Expected JSON at most ${maxDepth} levels deep (limit maxJsonDepth)`,
        });
      }
    } else if (byte === closeObject || byte === closeList) depth--;
  }
}
