import type { PageTokens, Pixels } from "./engine.ts";
import { element, type Page } from "./page.ts";
import { show } from "./pixels.ts";
import { type Made, Visit } from "./visit.ts";

/** Shows what was made during this visit, to come back to it. */
export class VisitPanel {
  readonly #page: Page;
  readonly #visit: Visit = new Visit();
  readonly #onChoose: (tokens: PageTokens) => void;
  /** Buttons by what they show. */
  readonly #buttons: Map<string, HTMLButtonElement> = new Map();

  constructor(page: Page, { onChoose }: { onChoose: (tokens: PageTokens) => void }) {
    this.#page = page;
    this.#onChoose = onChoose;
  }

  /** Adds something that was made with the selected model. */
  add(label: string, tokens: PageTokens, pixels: Pixels): void {
    const made = { model: this.#page.model.id, label, tokens };
    this.#visit.add(made);
    this.#button(made, pixels);
    this.#show();
  }

  /** Shows what the selected model made. Images are decoded from their tokens when they are not known any more. */
  async changeModel(): Promise<void> {
    this.#show();
    const { engine, model } = this.#page;
    for (const made of this.#made) {
      if (this.#buttons.has(idOf(made))) continue;
      try {
        this.#button(made, await engine.detokenize(model, made.tokens));
      } catch {
        return;
      }
      if (model !== this.#page.model) return;
      this.#show();
    }
  }

  get #made(): Made[] {
    return this.#visit.made.filter(({ model }) => model === this.#page.model.id);
  }

  #button(made: Made, pixels: Pixels): void {
    if (this.#buttons.has(idOf(made))) return;
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    button.type = "button";
    button.ariaLabel = button.title = made.label;
    button.onclick = () => this.#onChoose(made.tokens);
    show(canvas, pixels);
    button.append(canvas);
    this.#buttons.set(idOf(made), button);
  }

  #show(): void {
    const buttons = this.#made.map((made) => this.#buttons.get(idOf(made))).filter((one) =>
      one !== undefined
    );
    element("made").replaceChildren(...buttons);
    element("visit").hidden = buttons.length === 0;
  }
}

function idOf({ model, tokens }: Made): string {
  return `${model} ${tokens.tokens}`;
}
