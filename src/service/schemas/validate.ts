import { z } from "@hono/zod-openapi";
import { quoted } from "../http/multipart.ts";
import { type RequestError, unprocessable } from "../request_error.ts";

/** The body of an error response. */
export const errorBody: z.ZodType = z.object({
  error: z.object({ code: z.string(), message: z.string(), requestId: z.string() }),
});

/** Fields of earlier versions, and their replacements. */
const renamed: Readonly<Record<string, string>> = { bits: "codebookSize, which is 2 to the power of bits" };

/** Validates `value`. Throws `RequestError` with 422 that names the first invalid field. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw errorOf(result.error.issues[0]!);
}

function errorOf(issue: z.core.$ZodIssue): RequestError {
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string];
    const now = Object.hasOwn(renamed, key) ? `: it is now ${renamed[key]}` : "";
    return unprocessable("unknown_field", `Unknown field ${quoted(key)}${now}`);
  }
  const where = issue.path.map(String).join(".");
  return unprocessable("invalid_request", `${where ? `${where}: ` : ""}${issue.message}`);
}
