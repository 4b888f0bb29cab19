import { badRequest, RequestError, tooLarge } from "../request_error.ts";

/** Length limit of a boundary in RFC 2046. */
const maxBoundary = 70;

/** The values of a form's fields by name: one, or several of a field whose name ends in `[]`, as OpenAI's clients send lists. */
export type Fields = ReadonlyMap<string, readonly (string | File)[]>;

/**
 * Parses a multipart body. Throws `RequestError` with 400 if it has no boundary or is damaged or truncated, with 413 if
 * it has more than `maxFields` fields (which are counted before parsing), and with 400 if a field that is no list is repeated.
 */
export async function parseMultipart(
  body: Uint8Array<ArrayBuffer>,
  { contentType, maxFields }: { contentType: string; maxFields: number },
): Promise<Fields> {
  const boundary = boundaryOf(contentType);
  const { count, closed } = delimiters(body, new TextEncoder().encode(`--${boundary}`));
  if (count > maxFields + 1) {
    throw tooLarge("too_many_fields", {
      limit: "maxFields",
      most: `${maxFields} fields`,
      got: `${count - 1} or more`,
    });
  }
  if (!closed) throw invalid("Expected a complete multipart body, got a truncated one");
  let form: FormData;
  try {
    form = await new Response(body, { headers: { "content-type": contentType } }).formData();
  } catch (cause) {
    throw invalid("Expected a valid multipart body, got a damaged one", cause);
  }
  // The parser skips parts that are not valid fields.
  if ([...form.keys()].length !== count - 1) {
    throw invalid("Expected fields with names in the multipart body");
  }
  const fields = new Map<string, (string | File)[]>();
  for (const [sent, value] of form) {
    const name = sent.replace(/\[\]$/, ""), before = fields.get(name);
    if (!before) fields.set(name, [value]);
    else if (name !== sent) before.push(value);
    else throw badRequest("repeated_field", `Expected the field ${quoted(name)} once`, name.slice(0, 100));
  }
  return fields;
}

/** Quotes and shortens a name that a client sent, for an error message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary && boundary.length <= maxBoundary) return boundary;
  throw invalid(`Expected a multipart body with a boundary of 1 to ${maxBoundary} characters`);
}

/** Counts the lines that begin with a delimiter, and whether the last of them closes the body. */
function delimiters(body: Uint8Array, delimiter: Uint8Array): { count: number; closed: boolean } {
  const dash = 0x2d, newline = 0x0a;
  let count = 0, closed = false;
  for (let at = body.indexOf(dash); at >= 0; at = body.indexOf(dash, at + 1)) {
    if (at > 0 && body[at - 1] !== newline) continue;
    let same = 0;
    while (same < delimiter.length && body[at + same] === delimiter[same]) same++;
    if (same < delimiter.length) continue;
    count++;
    closed = body[at + same] === dash && body[at + same + 1] === dash;
    if (closed) break;
  }
  return { count, closed };
}

function invalid(message: string, cause?: unknown): RequestError {
  return new RequestError(400, "invalid_multipart", { message, cause });
}
