import { type GenerateRequest, type Pixels, samplingFields } from "./engine.ts";
import { element, type Page } from "./page.ts";
import { show } from "./pixels.ts";
import { generateSnippets, showSnippets } from "./snippets.ts";

/** Generates images of classes and shows them while they are generated. */
export class GeneratePanel {
  readonly #page: Page;
  readonly #onChoose: (pixels: Pixels) => void;
  #stop: AbortController | undefined;

  constructor(page: Page, { onChoose }: { onChoose: (pixels: Pixels) => void }) {
    this.#page = page;
    this.#onChoose = onChoose;
    const form = element<HTMLFormElement>("generate-form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#generate();
    });
    form.addEventListener("input", () => this.#showCode());
    element("another").addEventListener("click", () => {
      element<HTMLInputElement>("seed").value = `${Math.floor(Math.random() * 1e6)}`;
      void this.#generate();
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
      if (sampling) element<HTMLInputElement>(field).value = `${[sampling[field]].flat()[0]}`;
    }
    this.#showCode();
  }

  get #request(): GenerateRequest {
    const value = (id: string) => Number(element<HTMLInputElement>(id).value);
    return {
      class_id: value("class"),
      n: value("count"),
      seed: value("seed"),
      guidance: value("guidance"),
      temperature: value("temperature"),
      top_k: value("top_k"),
      top_p: value("top_p"),
      candidates: value("candidates"),
    };
  }

  #showCode(): void {
    showSnippets(element("copy-generate"), generateSnippets(this.#page.model, this.#request), this.#page.say);
  }

  async #generate(): Promise<void> {
    if (!element<HTMLFormElement>("generate-form").reportValidity()) return;
    this.#stop?.abort();
    const stop = this.#stop = new AbortController(), request = this.#request;
    this.#showCode();
    const name = element<HTMLSelectElement>("class").selectedOptions[0]!.text;
    const places = Array.from({ length: request.n }, (_, i) => this.#place(`${name}, image ${i + 1}`));
    element("generated").replaceChildren(...places.map(({ button }) => button));
    element("generated-hint").hidden = true;
    const working = (on: boolean) => element<HTMLButtonElement>("stop").disabled = !on;
    working(true);
    this.#page.say("Generation…");
    const start = performance.now();
    try {
      await this.#page.engine.generate(this.#page.model, request, {
        signal: stop.signal,
        onImage: ({ index, pixels, done }) => places[index]!.update(pixels, done),
      });
      if (stop.signal.aborted) return;
      const seconds = (performance.now() - start) / 1000;
      this.#page.say(
        `Generated ${request.n === 1 ? "an image" : `${request.n} images`} in ${seconds.toFixed(1)} s`,
      );
      element("generated-hint").hidden = false;
    } catch (error) {
      if (stop.signal.aborted) this.#page.say("Stopped");
      else {
        this.#page.fail(error);
        // Remove the places of images that were not generated.
        for (const { button } of places) if (button.disabled) button.remove();
      }
    } finally {
      if (this.#stop === stop) working(false);
    }
  }

  #place(label: string): { button: HTMLButtonElement; update: (pixels: Pixels, done: boolean) => void } {
    const button = document.createElement("button"), canvas = document.createElement("canvas");
    // A model with classes has a size.
    [canvas.width, canvas.height] = this.#page.model.size!.split("x").map(Number) as [number, number];
    button.type = "button";
    button.disabled = true;
    button.ariaLabel = label;
    button.append(canvas);
    return {
      button,
      update: (pixels, done) => {
        show(canvas, pixels);
        if (!done) return;
        button.disabled = false;
        button.onclick = () => this.#onChoose(pixels);
      },
    };
  }
}
