import type { GivenTokens, PageTokens, Pixels } from "./engine.ts";
import { showFacts } from "./facts.ts";
import { openTokens, savePng, saveTokens } from "./files.ts";
import { onFile } from "./image_input.ts";
import { element, type Page } from "./page.ts";
import { readPixels, sampleImage, type Shape, show } from "./pixels.ts";
import { reconstructSnippets, showSnippets } from "./snippets.ts";
import { Status } from "./status.ts";
import { TokenEditor } from "./token_editor.ts";

/** Sizes that images can be scaled to. */
const sides = [32, 64, 128, 256];

/** What is shown: an image file, or tokens, perhaps with the image that they were made with. */
type Source = { readonly file: Blob } | { readonly tokens: PageTokens; readonly pixels?: Pixels };

/** Shows an image, its tokens and their reconstruction, and lets the user edit the tokens. */
export class ReconstructPanel {
  readonly #page: Page;
  readonly #status: Status = new Status("status");
  readonly #editor: TokenEditor;
  readonly #side: HTMLSelectElement = element("side");
  readonly #shape: HTMLSelectElement = element("shape");
  #source: Source | undefined;
  #original: Pixels | undefined;
  #reconstruction: Pixels | undefined;
  /** Counts the images, to ignore answers about an earlier one. */
  #turn = 0;
  #decoding = false;

  /** `onRedraw` is called with tokens of which a part is to be drawn anew. */
  constructor(page: Page, { onRedraw }: { onRedraw: (given: GivenTokens) => void }) {
    this.#page = page;
    this.#editor = new TokenEditor(this.#status, { onChange: () => void this.#decode() });
    for (const side of sides) this.#side.append(new Option(`${side}×${side}`, `${side}`));
    for (const select of [this.#side, this.#shape]) {
      select.addEventListener("change", () => this.#source && "file" in this.#source && void this.#open());
    }
    onFile((file) => void this.#openFile(file));
    element("sample").addEventListener("click", () => void this.sample());
    element("redraw").addEventListener("click", () => {
      const { tokens, mask } = this.#editor;
      if (tokens) onRedraw({ tokens, mask });
    });
    element("save-image").addEventListener("click", () => {
      if (this.#reconstruction) void savePng(this.#reconstruction, "reconstruction");
    });
    element("save-tokens").addEventListener("click", () => {
      const { tokens } = this;
      if (tokens) saveTokens(tokens, "tokens");
    });
    element("compare").addEventListener("input", () => this.#compare());
  }

  /** The tokens that are shown. */
  get tokens(): PageTokens | undefined {
    return this.#editor.tokens;
  }

  /** Shows the same with the selected model and engine. */
  async changeModel(): Promise<void> {
    const { codebookSize, size } = this.#page.model, source = this.#source;
    this.#editor.codebookSize = codebookSize;
    if (size && !source) this.#side.value = size.split("x")[0]!;
    showSnippets(element("copy-tokenize"), reconstructSnippets(this.#page), this.#status.say);
    const fits = source && (!("tokens" in source) || source.tokens.codebookSize === codebookSize);
    await (fits ? this.#open() : this.sample());
  }

  /** Shows the sample. */
  async sample(): Promise<void> {
    await this.#openFile(sampleImage(256));
  }

  /** Tokens that are shown when a model is selected. */
  set first(tokens: PageTokens) {
    this.#source = { tokens };
  }

  /** Shows tokens, with the image that they were made with, if there is one. */
  async openTokens(tokens: PageTokens, pixels?: Pixels): Promise<void> {
    this.#source = { tokens, pixels };
    await this.#open();
  }

  /** Opens a file of an image or of tokens, unless another is chosen before it is read. */
  async #openFile(given: (Blob & { name?: string }) | Promise<Blob & { name?: string }>): Promise<void> {
    const turn = ++this.#turn;
    try {
      const file = await given, isTokens = /\.json$/.test(file.name ?? "");
      const source = isTokens ? { tokens: await openTokens(file) } : { file };
      if (turn !== this.#turn) return;
      this.#source = source;
      await this.#open({ isNew: isTokens });
    } catch (error) {
      if (turn === this.#turn) this.#status.fail(error);
    }
  }

  /** Shows the source. What cannot be shown leaves what is. */
  async #open({ isNew = false }: { isNew?: boolean } = {}): Promise<void> {
    const turn = ++this.#turn, source = this.#source!, { engine, model } = this.#page;
    try {
      const side = Number(this.#side.value), shape = this.#shape.value as Shape;
      const pixels = "file" in source ? await readPixels(source.file, { side, shape }) : undefined;
      this.#status.say(pixels ? "Encoding…" : "Decoding…");
      const tokens = "file" in source ? await engine.tokenize(model, pixels!) : source.tokens;
      const reconstruction = await engine.detokenize(model, tokens);
      if (turn !== this.#turn) return;
      const original = pixels ?? ("pixels" in source ? source.pixels : undefined) ?? reconstruction;
      this.#original = original;
      show(element<HTMLCanvasElement>("original"), original);
      show(element<HTMLCanvasElement>("overlay"), original);
      this.#editor.open(tokens);
      for (const one of document.querySelectorAll<HTMLElement>(".masking")) {
        one.hidden = model.size !== `${original.width}x${original.height}`;
      }
      this.#showReconstruction(tokens, reconstruction);
      this.#status.say("");
      if (isNew) this.#page.note("Opened", tokens, reconstruction);
    } catch (error) {
      if (turn !== this.#turn || this.#page.asksForToken(error)) return;
      this.#status.fail(error);
    }
  }

  /** Decodes and shows the edited tokens. Those that are edited in the meantime are decoded afterwards. */
  async #decode(): Promise<void> {
    if (this.#decoding) return;
    const tokens = this.#editor.tokens!, turn = this.#turn, { engine, model } = this.#page;
    this.#decoding = true;
    try {
      const reconstruction = await engine.detokenize(model, tokens);
      if (turn === this.#turn) {
        this.#showReconstruction(tokens, reconstruction);
        this.#status.say("");
      }
    } catch (error) {
      this.#status.fail(error);
    } finally {
      this.#decoding = false;
    }
    if (String(this.#editor.tokens!.tokens) !== String(tokens.tokens)) await this.#decode();
  }

  #showReconstruction(tokens: PageTokens, reconstruction: Pixels): void {
    this.#reconstruction = reconstruction;
    show(element<HTMLCanvasElement>("reconstruction"), reconstruction);
    const { edited } = this.#editor;
    showFacts(tokens, { original: this.#original!, reconstruction, edited });
    this.#compare();
  }

  /** Shows a part of the original over the reconstruction. */
  #compare(): void {
    const { value } = element<HTMLInputElement>("compare");
    element("overlay").style.clipPath = `inset(0 ${100 - Number(value)}% 0 0)`;
  }
}
