import { quoted } from "./multipart.ts";
import { badRequest } from "../request_error.ts";

/** The query parameters of a URL. Throws `RequestError` with 400 if one is repeated. */
export function queryOf(url: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (parameters.has(name)) {
      throw badRequest("repeated_field", `Expected ${quoted(name)} once`, name.slice(0, 100));
    }
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}
