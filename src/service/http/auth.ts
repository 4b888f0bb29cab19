import { RequestError } from "../request_error.ts";

/** An authenticated client. */
export interface Identity {
  /** A pseudonym of the client for queues, rate limits and logs. */
  readonly id: string;
}

/** Bearer tokens, or what gives those that are valid now. */
export type BearerTokens = readonly string[] | (() => readonly string[]);

/** Checks an `Authorization` header. Throws `RequestError` with 401. */
export type Authenticate = (authorization: string | undefined) => Promise<Identity | undefined>;

/**
 * Accepts any of the given bearer tokens; without tokens, every request. All digests are compared in full, so that the
 * time taken does not reveal how much of a token is right.
 */
export function bearerTokens(tokens: BearerTokens): Authenticate {
  const current = typeof tokens === "function" ? tokens : () => tokens;
  let known: readonly string[] | undefined, digests: Promise<Uint8Array[]> = Promise.resolve([]);
  return async (authorization) => {
    if (known !== current()) {
      known = current();
      digests = Promise.all(known.map(digest));
    }
    if (known.length === 0) return undefined;
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    const wanted = await digest(given ?? "");
    let found = -1;
    (await digests).forEach((token, i) => {
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
