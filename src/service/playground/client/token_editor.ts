import type { PageTokens } from "./engine.ts";
import { element } from "./page.ts";
import type { Status } from "./status.ts";
import { TokenGrid } from "./token_grid.ts";
import { Undo } from "./undo.ts";

/** Tokens and a mask of them. */
interface State {
  readonly tokens: readonly number[];
  /** 1 where a token is marked. */
  readonly mask: readonly number[];
}

/** Lets the user change tokens by tools, and undo that: a stroke is one step. */
export class TokenEditor {
  readonly #grid: TokenGrid = new TokenGrid(element<HTMLCanvasElement>("tokens"));
  readonly #brush: HTMLInputElement = element("brush");
  readonly #status: Status;
  readonly #onChange: () => void;
  readonly #undo: Undo<State> = new Undo();
  #form: Omit<PageTokens, "tokens"> | undefined;
  #first: State = { tokens: [], mask: [] };
  #now: State = this.#first;
  /** The state before the stroke under way. */
  #before: State | undefined;
  /** What a stroke of the mask does: marks cells, or unmarks them. */
  #marking = 1;
  #chosen: number | undefined;

  /** `onChange` is called when tokens have changed. */
  constructor(status: Status, { onChange }: { onChange: () => void }) {
    this.#status = status;
    this.#onChange = onChange;
    this.#grid.onMove = () => this.#describeCell();
    this.#grid.onUse = (at, isFirst) => this.#use(at, isFirst);
    this.#grid.onEnd = () => this.#end();
    element("undo").addEventListener("click", () => this.#go(this.#undo.undo(this.#now)));
    element("redo").addEventListener("click", () => this.#go(this.#undo.redo(this.#now)));
    element("reset").addEventListener("click", () => this.#step(this.#first));
    addEventListener("keydown", (event) => this.#key(event));
  }

  /** The tokens that are shown. */
  get tokens(): PageTokens | undefined {
    return this.#form && { ...this.#form, tokens: [...this.#now.tokens] };
  }

  /** 1 where a token is marked. */
  get mask(): readonly number[] {
    return this.#now.mask;
  }

  /** Number of tokens that differ from the first ones. */
  get edited(): number {
    return this.#now.tokens.filter((token, i) => token !== this.#first.tokens[i]).length;
  }

  /** Tokens are from 0 to below `size`. */
  set codebookSize(size: number) {
    this.#brush.max = `${size - 1}`;
  }

  /** Shows the tokens of another image. */
  open({ tokens, ...form }: PageTokens): void {
    this.#form = form;
    this.#first = this.#now = { tokens, mask: tokens.map(() => 0) };
    this.#undo.clear();
    this.#chosen = this.#before = undefined;
    this.#show();
    this.#brush.value = `${tokens[this.#grid.cursor] ?? 0}`;
  }

  #use(at: number, isFirst: boolean): void {
    if (!this.#form) return;
    const tool = document.querySelector<HTMLInputElement>("input[name=tool]:checked")!.value;
    const tokens = [...this.#now.tokens], mask = [...this.#now.mask];
    if (isFirst) this.#before = this.#now;
    if (tool === "pick") {
      this.#brush.value = `${tokens[at]}`;
      return this.#status.say(`Token ${tokens[at]} is now the brush`);
    }
    if (tool === "swap") {
      if (!isFirst) return;
      if (this.#chosen === undefined) {
        this.#chosen = at;
        this.#show();
        return this.#status.say("Now choose the second token");
      }
      [tokens[at], tokens[this.#chosen]] = [tokens[this.#chosen]!, tokens[at]!];
      this.#chosen = undefined;
    } else if (tool === "mask") {
      if (isFirst) this.#marking = 1 - mask[at]!;
      mask[at] = this.#marking;
    } else {
      const brush = Math.max(
        0,
        Math.min(Number(this.#brush.max), Math.floor(Number(this.#brush.value) || 0)),
      );
      this.#brush.value = `${brush}`;
      tokens[at] = tool === "zero" ? 0 : brush;
    }
    this.#set({ tokens, mask });
  }

  /** Ends a stroke, which is one step. */
  #end(): void {
    const before = this.#before;
    this.#before = undefined;
    if (!before || isSame(before, this.#now)) return;
    this.#undo.push(before);
    this.#show();
  }

  #step(state: State): void {
    if (isSame(state, this.#now)) return;
    this.#undo.push(this.#now);
    this.#set(state);
  }

  #go(state: State | undefined): void {
    if (state) this.#set(state);
  }

  #set(state: State): void {
    const isOther = String(state.tokens) !== String(this.#now.tokens);
    this.#now = state;
    this.#show();
    if (isOther) this.#onChange();
  }

  #show(): void {
    this.#grid.show(this.tokens!, { chosen: this.#chosen, mask: this.#now.mask });
    this.#describeCell();
    element<HTMLButtonElement>("undo").disabled = !this.#undo.canUndo;
    element<HTMLButtonElement>("redo").disabled = !this.#undo.canRedo;
    element<HTMLButtonElement>("reset").disabled = isSame(this.#now, this.#first);
    element<HTMLButtonElement>("redraw").disabled = !this.#now.mask.includes(1);
  }

  #describeCell(): void {
    if (!this.#form) return;
    const at = this.#grid.cursor, columns = this.#form.grid[1];
    const place = `row ${Math.floor(at / columns) + 1}, column ${at % columns + 1}`;
    element("cell").textContent = `${place}: ${this.#now.tokens[at]}`;
  }

  #key(event: KeyboardEvent): void {
    const isUndo = event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.altKey;
    // Fields of text have an undo of their own.
    const isField = event.target instanceof HTMLInputElement &&
      !["radio", "checkbox", "range"].includes(event.target.type);
    if (!isUndo || isField || !this.#form) return;
    event.preventDefault();
    this.#go(event.shiftKey ? this.#undo.redo(this.#now) : this.#undo.undo(this.#now));
  }
}

function isSame(a: State, b: State): boolean {
  return String(a.tokens) === String(b.tokens) && String(a.mask) === String(b.mask);
}
