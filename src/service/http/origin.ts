import { RequestError } from "../request_error.ts";

/**
 * Throws `RequestError` with 403 for requests that a page of another site makes a browser send. CORS does not apply to
 * forms, which would otherwise reach the service from inside the browser's network. Other programs send neither header.
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
  // Behind a proxy that terminates TLS the protocols differ, so only the hosts are compared.
  const host = request.headers.get("host") ?? new URL(request.url).host;
  return new URL(origin).host === host;
}
