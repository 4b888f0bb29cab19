import { RequestError } from "../request_error.ts";

/**
 * Refuses with 403 what a page of another site makes a browser send: forms need no leave from us, unlike scripts, and
 * would act with whatever the network lets the browser reach. Programs send neither header.
 */
export function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  if (origin !== null && allowed.includes(origin)) return;
  const foreign = origin !== null
    ? !isOwn(origin, request)
    : site !== null && site !== "same-origin" && site !== "none";
  if (!foreign) return;
  throw new RequestError(403, "cross_site", {
    message: "Expected a request from this site, or from an origin that CORS allows",
  });
}

function isOwn(origin: string, request: Request): boolean {
  if (!URL.canParse(origin)) return false;
  // A proxy that ends TLS leaves us with http: the host decides.
  const host = request.headers.get("host") ?? new URL(request.url).host;
  return new URL(origin).host === host;
}
