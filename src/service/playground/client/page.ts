import type { Engine, PageModel } from "./engine.ts";

/** What panels know of the page. */
export interface Page {
  readonly model: PageModel;
  readonly engine: Engine;
  /** Says something at the top. */
  say(text: string): void;
  /** Says what went wrong. */
  fail(error: unknown): void;
}

/** The element of that id, which the page has. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}
