import { fromBase64, toBase64 } from "../../../io/base64.ts";
import type { PageTokens } from "./engine.ts";
import { fromPacked, toPacked } from "./packed.ts";

/** What a link shares: the settings of the page, by the ids of their fields, and tokens. */
export interface Shared {
  readonly model?: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly tokens?: PageTokens;
}

const own = ["model", "grid", "codebook", "tokens"];

/** The fragment of a link. It is not sent to the server. */
export function toFragment({ model, fields, tokens }: Shared): string {
  const parameters = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ""));
  if (model) parameters.set("model", model);
  if (tokens) {
    parameters.set("grid", tokens.grid.join("x"));
    parameters.set("codebook", `${tokens.codebookSize}`);
    const base64 = toBase64(toPacked(tokens));
    parameters.set("tokens", base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
  }
  return `#${parameters}`;
}

/** What a fragment shares, if it is one of ours. Throws for tokens that are damaged. */
export function fromFragment(fragment: string): Shared | undefined {
  const parameters = new URLSearchParams(fragment.replace(/^#/, "")), model = parameters.get("model");
  if (!model) return undefined;
  const fields = Object.fromEntries([...parameters].filter(([name]) => !own.includes(name)));
  const base64 = parameters.get("tokens");
  if (!base64) return { model, fields };
  const [rows = 0, columns = 0] = (parameters.get("grid") ?? "").split("x").map(Number);
  const packed = fromBase64(base64.replaceAll("-", "+").replaceAll("_", "/"));
  const codebookSize = Number(parameters.get("codebook"));
  return { model, fields, tokens: fromPacked(packed, { grid: [rows, columns], codebookSize }) };
}
