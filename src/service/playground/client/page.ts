import type { Engine, PageModel, PageTokens, Pixels } from "./engine.ts";

/** The part of the page that panels use. */
export interface Page {
  readonly model: PageModel;
  readonly engine: Engine;
  /** Whether the service requires a token. */
  readonly isGuarded: boolean;
  /** Asks for a token if the error is that there is none; gives back whether it is. */
  asksForToken(error: unknown): boolean;
  /** Notes what was made, to come back to it. */
  note(label: string, tokens: PageTokens, pixels: Pixels): void;
}

/** The element with an id, which must exist. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}
