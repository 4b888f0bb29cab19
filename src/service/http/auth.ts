import { RequestError } from "../request_error.ts";

/** An authenticated client. */
export interface Identity {
  /** A pseudonym of the client for queues, rate limits and logs. */
  readonly id: string;
}

/** Checks an `Authorization` header. Throws `RequestError` with 401. */
export type Authenticate = (authorization: string | undefined) => Promise<Identity | undefined>;

/**
 * Accepts any of the given bearer tokens; without tokens, every request. All digests are compared in full, so that the
 * time taken does not reveal how much of a token is right.
 */
export function bearerTokens(tokens: readonly string[]): Authenticate {
  if (tokens.length === 0) return () => Promise.resolve(undefined);
  const known = Promise.all(tokens.map(digest));
  return async (authorization) => {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    const wanted = await digest(given ?? "");
    let found = -1;
    (await known).forEach((token, i) => {
      let difference = 0;
      for (let byte = 0; byte < token.length; byte++) difference |= token[byte]! ^ wanted[byte]!;
      if (difference === 0) found = i;
    });
    if (given === undefined || found < 0) {
      throw new RequestError(401, "unauthorized", {
        message: given === undefined ? "Expected a bearer token" : "Expected a valid bearer token",
        headers: { "www-authenticate": 'Bearer realm="voken"' },
      });
    }
    return { id: `key-${found + 1}` };
  };
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
