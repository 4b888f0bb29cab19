/** Host-specific information about a request, from `node:http` through its adapter or from Deno's server. */
interface HostBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly remoteAddr?: { readonly hostname?: string };
}

/**
 * The client's address, or `unknown` if the host does not provide it. Behind a trusted proxy it is the last entry of
 * `X-Forwarded-For`, which the proxy added; clients can forge the entries before it.
 */
export function addressOf(request: Request, { bindings, trustProxy }: {
  bindings: unknown;
  trustProxy: boolean;
}): string {
  const { incoming, remoteAddr } = (bindings ?? {}) as HostBindings;
  const direct = incoming?.socket?.remoteAddress ?? remoteAddr?.hostname ?? "unknown";
  if (!trustProxy) return direct;
  return request.headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() || direct;
}
