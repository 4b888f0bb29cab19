import {
  type GenerateRequest,
  type GivenTokens,
  type PageTokens,
  type Pixels,
  samplingFields,
} from "./engine.ts";
import { element, type Page } from "./page.ts";
import { show } from "./pixels.ts";
import { generateSnippets, showSnippets } from "./snippets.ts";
import { Status } from "./status.ts";

/** An image that was generated: its pixels and tokens. */
export type OnChoose = (tokens: PageTokens, pixels: Pixels) => void;

/** Generates images of classes and shows them while they are generated. */
export class GeneratePanel {
  readonly #page: Page;
  readonly #status: Status = new Status("generate-status");
  readonly #onChoose: OnChoose;
  #stop: AbortController | undefined;
  /** The whole images of the run before. */
  #before: HTMLButtonElement[] = [];

  constructor(page: Page, { onChoose }: { onChoose: OnChoose }) {
    this.#page = page;
    this.#onChoose = onChoose;
    const form = element<HTMLFormElement>("generate-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.generate();
    });
    form.addEventListener("input", () => this.#showCode());
    element("another").addEventListener("click", () => {
      element<HTMLInputElement>("seed").value = `${Math.floor(Math.random() * 1e6)}`;
      void this.generate();
    });
    element("stop").addEventListener("click", () => this.#stop?.abort());
  }

  /** Updates the form for the selected model. */
  changeModel(): void {
    const { classes, sampling } = this.#page.model;
    this.#stop?.abort();
    element("generate").hidden = classes === undefined;
    if (classes === undefined) return;
    const names = typeof classes === "number" ? Array.from({ length: classes }, (_, i) => `${i}`) : classes;
    const select = element<HTMLSelectElement>("class"), before = select.selectedIndex;
    select.replaceChildren(...names.map((name, i) => new Option(name, `${i}`)));
    select.selectedIndex = before >= 0 && before < names.length ? before : Math.min(3, names.length - 1);
    for (const field of samplingFields) {
      // The form has a single value for both sub-tokens.
      if (sampling) element<HTMLInputElement>(field).placeholder = `${[sampling[field]].flat()[0]}`;
    }
    this.#showCode();
  }

  /** What the form asks for. Fields that are empty mean the default. */
  get #request(): GenerateRequest {
    const text = (id: string) => element<HTMLInputElement>(id).value;
    const value = (id: string) => Number(text(id) || element<HTMLInputElement>(id).placeholder);
    const settings = samplingFields.filter((field) => text(field) !== "");
    return {
      class_id: Number(text("class")),
      n: value("count"),
      seed: value("seed"),
      ...Object.fromEntries(settings.map((field) => [field, value(field)])),
    };
  }

  #showCode(): void {
    showSnippets(element("copy-generate"), generateSnippets(this.#page, this.#request), this.#status.say);
  }

  /** Generates images; those of which a part is given, if it is. */
  async generate(given?: GivenTokens): Promise<void> {
    if (!element<HTMLFormElement>("generate-form").reportValidity()) return;
    this.#stop?.abort();
    const stop = this.#stop = new AbortController(), request = this.#request, place = element("generated");
    this.#showCode();
    const name = element<HTMLSelectElement>("class").selectedOptions[0]!.text;
    const shown = [...place.querySelectorAll("button")].filter(({ disabled }) => !disabled);
    if (shown.length > 0) this.#before = shown;
    const items = Array.from({ length: request.n }, (_, i) => this.#item(`${name}, image ${i + 1}`));
    place.replaceChildren(...items.map(({ button }) => button));
    const working = (on: boolean) => element<HTMLButtonElement>("stop").disabled = !on;
    working(true);
    this.#status.say("Generating…");
    if (given) place.scrollIntoView({ block: "nearest" });
    const start = performance.now();
    /** Leaves whole images alone: those that were finished, or those before. */
    const keepWhole = () => {
      if (this.#stop !== stop) return;
      const whole = items.map(({ button }) => button).filter(({ disabled }) => !disabled);
      place.replaceChildren(...whole.length > 0 ? whole : this.#before);
    };
    try {
      await this.#page.engine.generate(this.#page.model, request, {
        given,
        signal: stop.signal,
        onImage: ({ index, pixels, tokens }) => items[index]!.update(pixels, tokens),
      });
      if (stop.signal.aborted) throw stop.signal.reason;
      const seconds = (performance.now() - start) / 1000;
      const what = request.n === 1 ? "an image" : `${request.n} images`;
      this.#status.say(`Generated ${what} in ${seconds.toFixed(1)} s. Choose one to edit its tokens.`);
    } catch (error) {
      keepWhole();
      if (stop.signal.aborted) this.#status.say("Stopped");
      else if (!this.#page.asksForToken(error)) this.#status.fail(error);
    } finally {
      if (this.#stop === stop) working(false);
    }
  }

  #item(label: string): { button: HTMLButtonElement; update: (pixels: Pixels, tokens?: PageTokens) => void } {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    // A model with classes has a size.
    [canvas.width, canvas.height] = this.#page.model.size!.split("x").map(Number) as [number, number];
    button.type = "button";
    button.disabled = true;
    button.ariaLabel = label;
    button.append(canvas);
    return {
      button,
      update: (pixels, tokens) => {
        show(canvas, pixels);
        if (!tokens) return;
        button.disabled = false;
        button.onclick = () => this.#onChoose(tokens, pixels);
        this.#page.note(label, tokens, pixels);
      },
    };
  }
}
