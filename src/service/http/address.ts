/** What hosts put beside a request: node:http by its adapter, `Deno.serve`. */
interface HostBindings {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  readonly remoteAddr?: { readonly hostname?: string };
}

/**
 * The address that a request came from, as far as the host tells. Behind a trusted proxy it is what the proxy added to
 * `X-Forwarded-For`, the last of the list: what stands before that could be anybody's invention.
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
