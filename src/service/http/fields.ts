import type { Context } from "hono";
import type { Limits } from "../limits.ts";
import type { Env } from "../parts.ts";
import { badRequest } from "../request_error.ts";
import { type BodyReader, readJson } from "./json.ts";
import { mediaType, wrongType } from "./media.ts";
import { parseMultipart, quoted } from "./multipart.ts";
import { queryOf } from "./query.ts";

/** What a request says, not yet validated. */
export interface RequestFields {
  /** The fields of a JSON body or a form, and the parameters of the query. Files of forms are bytes. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Which of them are texts because forms and queries know nothing else. */
  readonly texts: ReadonlySet<string>;
  /** A body of another kind. */
  readonly file?: Uint8Array<ArrayBuffer>;
}

const json = "application/json", form = "multipart/form-data";

/**
 * Reads a JSON body, a form, or a file of one of `types` (`image/…` for all images), with the query's parameters. Fields that are
 * null count as absent, as in OpenAI's API. Throws `RequestError` with 415 for another type, with 400 for a name that is given
 * twice, and as the bodies' parsers do.
 */
export async function readFields(
  c: Context<Env>,
  request: BodyReader,
  { limits, types }: { limits: Limits; types: readonly string[] },
): Promise<RequestFields> {
  const contentType = c.req.header("content-type"), type = mediaType(contentType);
  const matches = types.some((one) => one === type || one === "image/…" && type.startsWith("image/"));
  if (!matches) throw wrongType(types);
  const query = queryOf(c.req.url), whole = { most: limits.maxBodyBytes, limit: "maxBodyBytes" };
  if (type === json) {
    const fields = Object.entries(await readJson(request, limits));
    return merged(query, { values: Object.fromEntries(fields.filter(([, value]) => value !== null)) });
  }
  const body = await request.readBody(whole);
  if (type !== form) return { values: query, texts: new Set(Object.keys(query)), file: body };
  const fields = await parseMultipart(body, { contentType: contentType!, maxFields: limits.maxFields });
  const taken = async (value: string | File) =>
    typeof value === "string" ? value : new Uint8Array(await value.arrayBuffer());
  const values = Object.fromEntries(
    await Promise.all([...fields].map(async ([name, list]) => {
      const [first, ...others] = await Promise.all(list.map(taken));
      return [name, others.length > 0 ? [first, ...others] : first];
    })),
  );
  return merged(query, { values, texts: Object.keys(values) });
}

function merged(
  query: Readonly<Record<string, string>>,
  { values, texts = [] }: { values: Record<string, unknown>; texts?: readonly string[] },
): RequestFields {
  for (const name of Object.keys(query)) if (Object.hasOwn(values, name)) throw repeated(name);
  return { values: { ...query, ...values }, texts: new Set([...Object.keys(query), ...texts]) };
}

function repeated(name: string): Error {
  return badRequest("repeated_field", `Expected ${quoted(name)} once`, name.slice(0, 100));
}
