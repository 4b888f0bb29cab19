import type { PageTokens, Pixels } from "./engine.ts";
import { showFacts } from "./facts.ts";
import { onImageFile } from "./image_input.ts";
import { element, type Page } from "./page.ts";
import { readPixels, sampleImage, show } from "./pixels.ts";
import { reconstructSnippets, showSnippets } from "./snippets.ts";
import { TokenGrid } from "./token_grid.ts";

/** Sizes that images can be scaled to. */
const sides = [32, 64, 128, 256];
/** Number of edits that can be undone. */
const maxUndo = 200;

/** Shows an image, its tokens and their reconstruction, and lets the user edit the tokens. */
export class ReconstructPanel {
  readonly #page: Page;
  readonly #grid: TokenGrid = new TokenGrid(element<HTMLCanvasElement>("tokens"));
  readonly #side: HTMLSelectElement = element("side");
  readonly #brush: HTMLInputElement = element("brush");
  #file: Blob | undefined;
  #original: Pixels | undefined;
  #first: PageTokens | undefined;
  #tokens: PageTokens | undefined;
  #undo: number[][] = [];
  #swap: number | undefined;
  /** Counts the images, to ignore tokens of an earlier one. */
  #turn = 0;
  #decoding = false;

  constructor(page: Page) {
    this.#page = page;
    for (const side of sides) this.#side.append(new Option(`${side}×${side}`, `${side}`));
    this.#side.addEventListener("change", () => this.#file && void this.open(this.#file));
    onImageFile((file) => void this.open(file));
    element("sample").addEventListener("click", () => void this.sample());
    this.#grid.onMove = (at) => this.#describeCell(at);
    this.#grid.onUse = (at, stroke) => this.#use(at, stroke);
    element("undo").addEventListener("click", () => this.#back());
    element("reset").addEventListener("click", () => this.#first && this.#edit([...this.#first.tokens]));
  }

  /** Encodes the image reconstruction with the selected model and engine. */
  async changeModel(): Promise<void> {
    const { codebookSize, size } = this.#page.model;
    this.#brush.max = `${codebookSize - 1}`;
    if (size && !this.#file) this.#side.value = size.split("x")[0]!;
    showSnippets(element("copy-tokenize"), reconstructSnippets(this.#page.model), this.#page.say);
    await (this.#file ? this.open(this.#file) : this.sample());
  }

  /** Shows the sample. */
  async sample(): Promise<void> {
    await this.open(await sampleImage(256));
  }

  /** Shows a file. */
  async open(file: Blob): Promise<void> {
    try {
      const pixels = await readPixels(file, Number(this.#side.value));
      this.#file = file;
      await this.showPixels(pixels);
    } catch (error) {
      this.#page.fail(error);
    }
  }

  /** Shows an image. */
  async showPixels(pixels: Pixels): Promise<void> {
    const turn = ++this.#turn, { engine, model } = this.#page;
    try {
      show(element<HTMLCanvasElement>("original"), pixels);
      this.#page.say("Encoding…");
      const tokens = await engine.tokenize(model, pixels);
      if (turn !== this.#turn) return;
      this.#original = pixels;
      this.#first = this.#tokens = tokens;
      this.#undo = [];
      this.#swap = undefined;
      this.#brush.value = `${tokens.tokens[this.#grid.cursor] ?? 0}`;
      await this.#decode();
    } catch (error) {
      if (turn === this.#turn) this.#page.fail(error);
    }
  }

  #use(at: number, stroke: boolean): void {
    if (!this.#tokens) return;
    const tool = document.querySelector<HTMLInputElement>("input[name=tool]:checked")!.value;
    const tokens = [...this.#tokens.tokens];
    if (tool === "pick") {
      this.#brush.value = `${tokens[at]}`;
      return this.#page.say(`Token ${tokens[at]} is now the brush`);
    }
    if (tool === "swap") {
      if (stroke) return;
      if (this.#swap === undefined) {
        this.#swap = at;
        this.#grid.show(this.#tokens, at);
        return this.#page.say("Now choose the second token");
      }
      [tokens[at], tokens[this.#swap]] = [tokens[this.#swap]!, tokens[at]!];
      this.#swap = undefined;
    } else {
      const most = this.#tokens.codebookSize - 1;
      const brush = Math.max(0, Math.min(most, Math.floor(Number(this.#brush.value) || 0)));
      this.#brush.value = `${brush}`;
      tokens[at] = tool === "zero" ? 0 : brush;
    }
    this.#edit(tokens);
  }

  #edit(tokens: number[]): void {
    if (!this.#tokens || tokens.every((token, i) => token === this.#tokens!.tokens[i])) {
      if (this.#tokens) this.#grid.show(this.#tokens);
      return;
    }
    this.#undo.push(this.#tokens.tokens);
    if (this.#undo.length > maxUndo) this.#undo.shift();
    this.#tokens = { ...this.#tokens, tokens };
    void this.#decode();
  }

  #back(): void {
    const tokens = this.#undo.pop();
    if (!tokens || !this.#tokens) return;
    this.#tokens = { ...this.#tokens, tokens };
    void this.#decode();
  }

  /** Shows the tokens, then decodes and shows their image. Tokens edited in the meantime are decoded afterwards. */
  async #decode(): Promise<void> {
    const tokens = this.#tokens!, original = this.#original!;
    this.#grid.show(tokens);
    this.#describeCell(this.#grid.cursor);
    element<HTMLButtonElement>("undo").disabled = this.#undo.length === 0;
    element<HTMLButtonElement>("reset").disabled = tokens.tokens.every((token, i) =>
      token === this.#first!.tokens[i]
    );
    if (this.#decoding) return;
    this.#decoding = true;
    try {
      const reconstruction = await this.#page.engine.detokenize(this.#page.model, tokens);
      if (original === this.#original) {
        show(element<HTMLCanvasElement>("reconstruction"), reconstruction);
        const first = this.#first!.tokens;
        const edited = tokens.tokens.filter((token, i) => token !== first[i]).length;
        showFacts(tokens, { original, reconstruction, edited });
        this.#page.say("");
      }
    } catch (error) {
      this.#page.fail(error);
    } finally {
      this.#decoding = false;
    }
    if (this.#tokens !== tokens) await this.#decode();
  }

  #describeCell(at: number): void {
    if (!this.#tokens) return;
    const columns = this.#tokens.grid[1];
    element("cell").textContent = `row ${Math.floor(at / columns) + 1}, column ${at % columns + 1}: ${
      this.#tokens.tokens[at]
    }`;
  }
}
