import { RequestError, tooLarge, unprocessable } from "../request_error.ts";

/** The longest boundary that RFC 2046 allows. */
const maxBoundary = 70;

/** The fields of a form, each once. */
export type Fields = ReadonlyMap<string, string | File>;

/**
 * Parses a multipart body. Refuses with 400 one without a boundary, damaged, or cut off; with 413 more than `maxFields`
 * fields (counted before anything is parsed); with 422 a field that comes twice.
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
  if (!closed) throw broken("Expected a whole multipart body, got one that breaks off");
  let form: FormData;
  try {
    form = await new Response(body, { headers: { "content-type": contentType } }).formData();
  } catch (cause) {
    throw broken("Expected a multipart body that can be read", cause);
  }
  // What cannot be read as a field is passed over by the parser.
  if ([...form.keys()].length !== count - 1) throw broken("Expected fields with names in the multipart body");
  const fields = new Map<string, string | File>();
  for (const [name, value] of form) {
    if (fields.has(name)) throw unprocessable("repeated_field", `Expected the field ${shown(name)} once`);
    fields.set(name, value);
  }
  return fields;
}

/** A name that a client sent, short enough to be said again. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary && boundary.length <= maxBoundary) return boundary;
  throw broken(`Expected a multipart body with a boundary of 1 to ${maxBoundary} characters`);
}

/** How often a delimiter begins a line, and whether the last of them closes the body. */
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

function broken(message: string, cause?: unknown): RequestError {
  return new RequestError(400, "invalid_multipart", { message, cause });
}
