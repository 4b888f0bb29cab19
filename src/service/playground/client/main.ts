/** The script of the playground: selects models and engines, and creates the panels. */
import { GeneratePanel } from "./generate_panel.ts";
import type { Engine, PageModel, PageTokens, Pixels } from "./engine.ts";
import { LocalEngine } from "./local_engine.ts";
import { element, type Page } from "./page.ts";
import { ReconstructPanel } from "./reconstruct_panel.ts";
import { ServerEngine, TokenNeededError } from "./server_engine.ts";
import { fromFragment, toFragment } from "./share.ts";
import { copy } from "./snippets.ts";
import { Status } from "./status.ts";
import { VisitPanel } from "./visit_panel.ts";

/** Fields that a link shares. */
const shared = [
  "class",
  "count",
  "seed",
  "guidance",
  "temperature",
  "top_k",
  "top_p",
  "candidates",
  "side",
  "shape",
];

class App implements Page {
  readonly #server: ServerEngine = new ServerEngine();
  readonly #local: Map<string, Promise<LocalEngine>> = new Map();
  readonly #select: HTMLSelectElement = element("model");
  readonly #switch: HTMLInputElement = element("local");
  readonly #status: Status = new Status("status");
  readonly #reconstruct: ReconstructPanel = new ReconstructPanel(this, {
    onRedraw: (given) => void this.#generate.generate(given),
  });
  readonly #generate: GeneratePanel = new GeneratePanel(this, {
    onChoose: (tokens, pixels) => this.#choose(tokens, pixels),
  });
  readonly #visit: VisitPanel = new VisitPanel(this, { onChoose: (tokens) => this.#choose(tokens) });
  #models: PageModel[] = [];
  engine: Engine = this.#server;

  get model(): PageModel {
    return this.#models[this.#select.selectedIndex]!;
  }

  get isGuarded(): boolean {
    return this.#server.token !== undefined;
  }

  note(label: string, tokens: PageTokens, pixels: Pixels): void {
    this.#visit.add(label, tokens, pixels);
  }

  asksForToken(error: unknown): boolean {
    if (!(error instanceof TokenNeededError)) return false;
    element("login").hidden = false;
    element("token").focus();
    return true;
  }

  async start(): Promise<void> {
    this.#select.addEventListener("change", () => void this.#change());
    this.#switch.addEventListener("change", () => void this.#change());
    element("share").addEventListener("click", () => void this.#share());
    element<HTMLFormElement>("login").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#server.token = element<HTMLInputElement>("token").value.trim();
      element("login").hidden = true;
      void this.#loadModels();
    });
    await this.#loadModels();
  }

  async #loadModels(): Promise<void> {
    try {
      this.#models = await this.#server.models();
      this.#select.replaceChildren(...this.#models.map(({ id }) => new Option(id)));
      await this.#openLink();
    } catch (error) {
      if (!this.asksForToken(error)) this.#status.fail(error);
    }
  }

  /** Opens what the link of the page shares. */
  async #openLink(): Promise<void> {
    const link = fromFragment(location.hash);
    const index = this.#models.findIndex(({ id }) => id === link?.model);
    if (index >= 0) this.#select.selectedIndex = index;
    this.#generate.changeModel();
    for (const [id, value] of Object.entries(link?.fields ?? {})) {
      if (shared.includes(id)) element<HTMLInputElement>(id).value = value;
    }
    if (link?.tokens && index >= 0) this.#reconstruct.first = link.tokens;
    await this.#change();
  }

  async #share(): Promise<void> {
    const fields = Object.fromEntries(shared.map((id) => [id, element<HTMLInputElement>(id).value]));
    location.hash = toFragment({ model: this.model.id, fields, tokens: this.#reconstruct.tokens });
    await copy(location.href, { name: "the link, with all settings and tokens", say: this.#status.say });
  }

  /** Uses the selected model and engine. */
  async #change(): Promise<void> {
    const { model } = this;
    this.#switch.disabled = !model.files?.length;
    if (this.#switch.disabled) this.#switch.checked = false;
    const isLocal = this.#switch.checked;
    // Another model or engine may be selected while this one is loaded.
    const isCurrent = () => this.model === model && this.#switch.checked === isLocal;
    try {
      const engine = isLocal ? await this.#loadLocal(model) : this.#server;
      if (!isCurrent()) return;
      this.engine = engine;
    } catch (error) {
      if (!isCurrent()) return;
      this.#switch.checked = false;
      this.engine = this.#server;
      return this.#status.fail(error);
    }
    this.#generate.changeModel();
    await this.#reconstruct.changeModel();
    await this.#visit.changeModel();
  }

  #choose(tokens: PageTokens, pixels?: Pixels): void {
    void this.#reconstruct.openTokens(tokens, pixels);
    element("tokens").scrollIntoView({ block: "center" });
    element("tokens").focus({ preventScroll: true });
  }

  #loadLocal(model: PageModel): Promise<LocalEngine> {
    let engine = this.#local.get(model.id);
    if (!engine) {
      this.#status.say("Loading the model into this browser…");
      engine = LocalEngine.load(model, (name) => this.#server.file(model, name));
      this.#local.set(model.id, engine);
      engine.catch(() => this.#local.delete(model.id));
    }
    return engine;
  }
}

await new App().start();
