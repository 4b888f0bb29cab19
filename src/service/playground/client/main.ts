/** The script of the playground: selects models and engines, and creates the panels. */
import { GeneratePanel } from "./generate_panel.ts";
import type { Engine, PageModel } from "./engine.ts";
import { LocalEngine } from "./local_engine.ts";
import { element, type Page } from "./page.ts";
import { ReconstructPanel } from "./reconstruct_panel.ts";
import { ServerEngine, TokenNeededError } from "./server_engine.ts";

class App implements Page {
  readonly #server: ServerEngine = new ServerEngine();
  readonly #local: Map<string, Promise<LocalEngine>> = new Map();
  readonly #select: HTMLSelectElement = element("model");
  readonly #switch: HTMLInputElement = element("local");
  readonly #reconstruct: ReconstructPanel = new ReconstructPanel(this);
  readonly #generate: GeneratePanel = new GeneratePanel(this, {
    onChoose: (pixels) => {
      void this.#reconstruct.showPixels(pixels);
      element("tokens").scrollIntoView({ block: "center" });
      element("tokens").focus({ preventScroll: true });
    },
  });
  #models: PageModel[] = [];
  engine: Engine = this.#server;

  get model(): PageModel {
    return this.#models[this.#select.selectedIndex]!;
  }

  say(text: string): void {
    const status = element("status");
    status.textContent = text;
    status.classList.remove("bad");
  }

  fail(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error));
    element("status").classList.add("bad");
    if (error instanceof TokenNeededError) {
      element("login").hidden = false;
      element("token").focus();
    }
  }

  async start(): Promise<void> {
    this.#select.addEventListener("change", () => void this.#change());
    this.#switch.addEventListener("change", () => void this.#change());
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
      await this.#change();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Uses the selected model and engine. */
  async #change(): Promise<void> {
    const { model } = this;
    this.#switch.disabled = !model.files?.length;
    if (this.#switch.disabled) this.#switch.checked = false;
    try {
      this.engine = this.#switch.checked ? await this.#loadLocal(model) : this.#server;
    } catch (error) {
      this.#switch.checked = false;
      this.engine = this.#server;
      return this.fail(error);
    }
    this.#generate.changeModel();
    await this.#reconstruct.changeModel();
  }

  #loadLocal(model: PageModel): Promise<LocalEngine> {
    let engine = this.#local.get(model.id);
    if (!engine) {
      this.say("Loading the model into this browser…");
      engine = LocalEngine.load(model, (name) => this.#server.file(model, name));
      this.#local.set(model.id, engine);
      engine.catch(() => this.#local.delete(model.id));
    }
    return engine;
  }
}

await new App().start();
