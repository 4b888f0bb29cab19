import { z } from "@hono/zod-openapi";
import type { RequestFields } from "../http/fields.ts";
import { nearest } from "../../tensor/nearest.ts";
import { quoted } from "../http/multipart.ts";
import { badRequest, type RequestError } from "../request_error.ts";

/** The body of an error response. */
export const errorBody: z.ZodType = z.object({
  error: z.object({
    message: z.string(),
    type: z.enum([
      "invalid_request_error",
      "authentication_error",
      "permission_error",
      "rate_limit_error",
      "server_error",
    ]),
    param: z.string().nullable().meta({ description: "The field or option that is at fault" }),
    code: z.string().meta({ description: "A stable identifier" }),
  }),
  requestId: z.string(),
}).meta({ id: "Error" });

/** Fields of earlier versions, and their replacements. */
const renamed: Readonly<Record<string, string>> = { bits: "codebookSize, which is 2 to the power of bits" };

/** Validates the fields of a request. Throws `RequestError` with 400 that names the first invalid field. */
export function validate<Output>(schema: z.ZodType<Output>, { values, texts }: RequestFields): Output {
  const { shape } = schema as unknown as z.ZodObject;
  const taken = Object.entries(values).map(([name, value]) => [
    name,
    texts.has(name) ? valueOf(value, shape[name] as z.ZodType | undefined) : value,
  ]);
  const result = schema.safeParse(Object.fromEntries(taken));
  if (result.success) return result.data;
  throw errorOf(result.error.issues[0]!, Object.keys(shape));
}

/** The numbers, lists, `true` and `false` that texts of a form or query mean, where the field is not one of texts. */
function valueOf(value: unknown, schema: z.ZodType | undefined): unknown {
  if (!schema || schema.safeParse(value).success) return value;
  return Array.isArray(value) ? value.map(parsed) : parsed(value);
}

function parsed(text: unknown): unknown {
  if (typeof text !== "string" || text.length > 100) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function errorOf(issue: z.core.$ZodIssue, fields: readonly string[]): RequestError {
  if (issue.code === "unrecognized_keys") {
    const [key] = issue.keys as [string], near = nearest(key, fields);
    const now = Object.hasOwn(renamed, key) ? `: it is now ${renamed[key]}` : "";
    const hint = !now && near ? `; did you mean ${near}` : "";
    return badRequest("unknown_field", `Unknown field ${quoted(key)}${now}${hint}`, key.slice(0, 100));
  }
  const where = issue.path.map(String).join(".");
  return badRequest("invalid_request", `${where ? `${where}: ` : ""}${issue.message}`, where || undefined);
}
