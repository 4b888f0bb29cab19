import * as assert from "uvu/assert";
import type { Service } from "../../src/service/service.ts";

/** What the OpenAPI document says of an answer. */
interface Described {
  readonly headers: Record<string, unknown>;
  readonly content?: Record<string, unknown>;
}
type Document = {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Described> }>>;
};

/** Checks that the OpenAPI document of a service has the status, the type and the headers of its answers. */
export async function described(
  service: Service,
): Promise<(path: string, method: string, response: Response) => void> {
  const { paths }: Document = await (await service.request("/openapi.json")).json();
  return (path, method, { status, headers }) => {
    const [plain] = path.split("?") as [string];
    const name = plain in paths ? plain : plain.replace(/^\/v1\/models\/[^/]+$/, "/v1/models/{name}");
    const answer = paths[name]?.[method.toLowerCase()]?.responses[status],
      label = `${method} ${path} ${status}`;
    // Addresses and methods that do not exist are not described.
    if (!(method.toLowerCase() in (paths[name] ?? {}))) return assert.ok([404, 405].includes(status), label);
    assert.ok(answer, label);
    const type = headers.get("content-type")!.split(";")[0]!;
    assert.ok(type in answer!.content!, `${label} ${type}`);
    for (const header of headers.keys()) {
      const isOwn = /^voken-|^x-request-id$|^retry-after$|^etag$/.test(header);
      if (isOwn) assert.ok(header in answer!.headers, `${label} ${header}`);
    }
  };
}
