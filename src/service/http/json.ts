import { RequestError, unprocessable } from "../request_error.ts";

/**
 * Parses the JSON of a body. Refuses with 400 what is no JSON or nested deeper than `maxDepth` (before parsing it), with
 * 422 a key `__proto__`, and a body that is no object.
 */
export function parseJson(bytes: Uint8Array, { maxDepth }: { maxDepth: number }): Record<string, unknown> {
  checkDepth(bytes, maxDepth);
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    // Keys may be written with escapes; looking at every key costs time, so only where there could be such a one.
    value = JSON.parse(text, /__proto__|\\u/i.test(text) ? refuseProto : undefined);
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new RequestError(400, "invalid_json", { message: "Expected a body of JSON", cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw unprocessable("invalid_request", "Expected an object as body");
  }
  return value as Record<string, unknown>;
}

function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw unprocessable("unknown_field", "Unknown field __proto__");
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
