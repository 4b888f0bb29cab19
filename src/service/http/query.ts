import { shown } from "./multipart.ts";
import { unprocessable } from "../request_error.ts";

/** The parameters of an address. Refuses with 422 one that comes twice. */
export function queryOf(url: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URL(url).searchParams) {
    if (parameters.has(name)) throw unprocessable("repeated_field", `Expected ${shown(name)} once`);
    parameters.set(name, value);
  }
  return Object.fromEntries(parameters);
}
