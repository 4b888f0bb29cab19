import { quoted } from "./multipart.ts";
import { unprocessable } from "../request_error.ts";

/** The query parameters of a URL. Throws `RequestError` with 422 if one is repeated. */
export function queryOf(url: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (parameters.has(name)) throw unprocessable("repeated_field", `Expected ${quoted(name)} once`);
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}
