import { NetworkError } from "../../tensor/errors.ts";
import { gather, openBody, readBody } from "./body.ts";
import { type HttpFile, shown } from "./request.ts";

/** Fetches JSON. Throws `NetworkError` if it cannot be had or is none. */
export async function fetchJson(file: HttpFile, { signal }: { signal?: AbortSignal } = {}): Promise<unknown> {
  const body = await openBody(file, { signal });
  const bytes = await gather(readBody(file, { start: 0, body, signal }), { size: body.size });
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new NetworkError(`Cannot fetch ${shown(file.url)}`, { expected: "JSON", got: "other text", cause });
  }
}
