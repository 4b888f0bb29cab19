import type { GenerateRequest, PageModel } from "./engine.ts";

/** A piece of code that does what the page does. */
export interface Snippet {
  readonly name: string;
  readonly code: string;
}

/** Shows pieces of code, each with a button that copies it. */
export function showSnippets(
  place: HTMLElement,
  snippets: readonly Snippet[],
  say: (text: string) => void,
): void {
  const open = place.querySelector("details")?.open ?? false;
  const details = document.createElement("details");
  details.open = open;
  const summary = document.createElement("summary");
  summary.textContent = `The same by ${snippets.map(({ name }) => name).join(" or ")}`;
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
        say("Cannot copy here: the text is selected instead");
      }
    });
    details.append(pre, button);
  }
  place.replaceChildren(details);
}

/** An image to tokens and back. */
export function reconstructSnippets({ id }: PageModel): Snippet[] {
  const base = new URL(".", document.baseURI).href;
  return [
    {
      name: "curl",
      code: `curl ${base}v1/tokenize?model=${id} \\
  -H 'content-type: image/png' --data-binary @image.png
curl ${base}v1/reconstruct?model=${id} \\
  -H 'content-type: image/png' --data-binary @image.png -o again.png`,
    },
    {
      name: "TypeScript",
      code: `import { readImage, Tokenizer } from "@voken/magvit2";

await using tokenizer = await Tokenizer.load(${JSON.stringify(id)});
const tokens = await tokenizer.encode(await readImage("image.png"));
const again = await tokenizer.decode(tokens);`,
    },
  ];
}

/** Images of a class. */
export function generatesnippets({ id }: PageModel, request: GenerateRequest): Snippet[] {
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
