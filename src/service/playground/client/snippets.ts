import { type GenerateRequest, samplingFields } from "./engine.ts";
import type { Page } from "./page.ts";

/** Code that does the same as the page. */
export interface Snippet {
  readonly name: string;
  readonly code: string;
}

type Context = Pick<Page, "model" | "isGuarded">;

/** Shows snippets, each with a button that copies it. */
export function showSnippets(
  place: HTMLElement,
  snippets: readonly Snippet[],
  say: (text: string) => void,
): void {
  const open = place.querySelector("details")?.open ?? false;
  const details = document.createElement("details");
  details.open = open;
  const summary = document.createElement("summary");
  summary.textContent = `Show code: ${snippets.map(({ name }) => name).join(", ")}`;
  details.append(summary);
  for (const { name, code } of snippets) {
    const pre = document.createElement("pre"), button = document.createElement("button");
    pre.textContent = code;
    pre.tabIndex = 0;
    button.type = "button";
    button.textContent = `Copy ${name}`;
    button.addEventListener("click", () => void copy(code, { name, say, else: pre }));
    details.append(pre, button);
  }
  place.replaceChildren(details);
}

/** Copies a text, or selects `else` where the page may not. */
export async function copy(
  text: string,
  { name, say, else: shown }: { name: string; say: (text: string) => void; else?: HTMLElement },
): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${name}`);
  } catch {
    if (shown) getSelection()?.selectAllChildren(shown);
    say(`Cannot access the clipboard${shown ? ": the text was selected instead" : ""}`);
  }
}

/** Snippets that encode and decode an image. */
export function reconstructSnippets({ model: { id }, isGuarded }: Context): Snippet[] {
  const base = new URL(".", document.baseURI).href, query = `?model=${encodeURIComponent(id)}`;
  const curl = (path: string, more: string) =>
    `curl ${quoted(`${base}v1/${path}${query}`)}${authorization(isGuarded)} \\\n` +
    `  -H 'content-type: image/png' --data-binary @image.png${more}`;
  return [
    { name: "curl", code: `${curl("tokenize", "")}\n${curl("reconstruct", " -o reconstruction.png")}` },
    {
      name: "TypeScript",
      code: `import { readImage, Tokenizer } from "@voken/magvit2";

await using tokenizer = await Tokenizer.load(${JSON.stringify(id)});
const tokens = await tokenizer.encode(await readImage("image.png"));
const reconstruction = await tokenizer.decode(tokens);`,
    },
  ];
}

/** Snippets that generate images. */
export function generateSnippets({ model, isGuarded }: Context, request: GenerateRequest): Snippet[] {
  const base = new URL(".", document.baseURI).href, { id, classes } = model;
  const { class_id, n, seed } = request,
    settings = samplingFields.filter((name) => request[name] !== undefined);
  const names: Readonly<Record<string, string>> = { top_k: "topK", top_p: "topP" };
  const body = JSON.stringify({ model: id, ...request });
  const prompt = Array.isArray(classes) ? classes[class_id]! : `${class_id}`;
  const extra = ["seed", ...settings].map((name) => `"${name}": ${request[name as "seed"]}`).join(", ");
  const lines = settings.map((name) => `\n  ${names[name] ?? name}: ${request[name]},`).join("");
  return [
    {
      name: "curl",
      code: `curl ${quoted(`${base}v1/images/generations`)}${authorization(isGuarded)} \\
  -H 'content-type: application/json' \\
  -d ${quoted(body)}`,
    },
    {
      name: "TypeScript",
      code: `import { Generator } from "@voken/magvit2";

await using generator = await Generator.load(${JSON.stringify(id)});
const images = await generator.generate({
  classIds: ${class_id},
  n: ${n},
  seed: ${seed},${lines}
});`,
    },
    {
      name: "Python",
      code: `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(`${base}v1`)}, api_key=${
        isGuarded ? 'os.environ["VOKEN_TOKEN"]' : '"none"'
      })
images = client.images.generate(
    model=${JSON.stringify(id)}, prompt=${JSON.stringify(prompt)}, n=${n},
    response_format="b64_json", extra_body={${extra}},
)`,
    },
  ];
}

/** A word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function authorization(isGuarded: boolean): string {
  return isGuarded ? ` \\\n  -H "authorization: Bearer $VOKEN_TOKEN"` : "";
}
