import type { GenerateRequest, PageModel } from "./engine.ts";

/** Code that does the same as the page. */
export interface Snippet {
  readonly name: string;
  readonly code: string;
}

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
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code);
        say(`Copied ${name}`);
      } catch {
        getSelection()?.selectAllChildren(pre);
        say("Cannot access the clipboard: the text was selected instead");
      }
    });
    details.append(pre, button);
  }
  place.replaceChildren(details);
}

/** Snippets that encode and decode an image. */
export function reconstructSnippets({ id }: PageModel): Snippet[] {
  const base = new URL(".", document.baseURI).href;
  return [
    {
      name: "curl",
      code: `curl ${base}v1/tokenize?model=${id} \\
  -H 'content-type: image/png' --data-binary @image.png
curl ${base}v1/reconstruct?model=${id} \\
  -H 'content-type: image/png' --data-binary @image.png -o reconstruction.png`,
    },
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
export function generateSnippets({ id }: PageModel, request: GenerateRequest): Snippet[] {
  const base = new URL(".", document.baseURI).href;
  const { class_id, n, seed, guidance, temperature, top_k, top_p, candidates } = request;
  return [
    {
      name: "curl",
      code: `curl ${base}v1/images/generations \\
  -H 'content-type: application/json' \\
  -d '${JSON.stringify({ model: id, ...request })}'`,
    },
    {
      name: "TypeScript",
      code: `import { Generator } from "@voken/magvit2";

await using generator = await Generator.load(${JSON.stringify(id)});
const images = await generator.generate({
  classIds: ${class_id},
  n: ${n},
  seed: ${seed},
  guidance: ${guidance},
  temperature: ${temperature},
  topK: ${top_k},
  topP: ${top_p},
  candidates: ${candidates},
});`,
    },
  ];
}
