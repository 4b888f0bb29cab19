import type { Engine, PageModel } from "./engine.ts";

/** The part of the page that panels use. */
export interface Page {
  readonly model: PageModel;
  readonly engine: Engine;
  /** Shows a message at the top of the page. */
  say(text: string): void;
  /** Shows an error at the top of the page. */
  fail(error: unknown): void;
}

/** The element with an id, which must exist. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}
