import { fromBase64, toBase64 } from "../../../io/base64.ts";
import type { PageTokens } from "./engine.ts";
import { fromPacked, toPacked } from "./packed.ts";

/** Something that was made during this visit. */
export interface Made {
  readonly model: string;
  readonly label: string;
  readonly tokens: PageTokens;
}

const key = "voken-visit", most = 48;

/** What was made during this visit, the latest first. It outlasts a reload, and ends with the tab. */
export class Visit {
  #made: Made[];

  constructor() {
    this.#made = load();
  }

  get made(): readonly Made[] {
    return this.#made;
  }

  /** Adds something, unless it is there. */
  add(made: Made): void {
    const id = (one: Made) => `${one.model} ${one.tokens.tokens}`;
    this.#made = [made, ...this.#made.filter((one) => id(one) !== id(made))].slice(0, most);
    const stored: Stored[] = this.#made.map(({ tokens, ...rest }) => ({
      ...rest,
      grid: tokens.grid,
      codebookSize: tokens.codebookSize,
      packed: toBase64(toPacked(tokens)),
    }));
    try {
      sessionStorage.setItem(key, JSON.stringify(stored));
    } catch { /* The page does without where there is no room or no permission. */ }
  }
}

/** How it is stored. */
interface Stored extends Omit<Made, "tokens">, Pick<PageTokens, "grid" | "codebookSize"> {
  /** Packed tokens as base64. */
  readonly packed: string;
}

function load(): Made[] {
  try {
    const stored: Stored[] = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return stored.map(({ packed, grid, codebookSize, ...rest }) => ({
      ...rest,
      tokens: fromPacked(fromBase64(packed), { grid, codebookSize }),
    }));
  } catch {
    return [];
  }
}
