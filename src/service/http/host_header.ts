import { RequestError } from "../request_error.ts";

const ipAddress = /^(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])$/;

/**
 * Whether a `Host` header names this server: an address, a name of this machine, or one of `hosts`; `*` is any. Pages whose name
 * is made to point here (DNS rebinding) would otherwise be this server's own to a browser.
 */
export function isHost(header: string, hosts: readonly string[]): boolean {
  const name = header.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  return ipAddress.test(name) || name === "localhost" || name.endsWith(".localhost") ||
    hosts.some((host) => host === "*" || host.toLowerCase() === name);
}

/** The error for a request with these `Host` headers, if it is to be refused. */
export function refuseHost(
  headers: readonly string[],
  { hosts, hasNone }: { hosts: readonly string[]; hasNone: boolean },
): RequestError | undefined {
  if (headers.length > 1) {
    return new RequestError(400, "invalid_host", { message: "Expected one Host header, got several" });
  }
  if (hasNone || isHost(headers[0]!, hosts)) return undefined;
  return new RequestError(421, "misdirected_request", {
    message: "Expected a Host that this server answers for (option hosts)",
    headers: { connection: "close" },
  });
}
