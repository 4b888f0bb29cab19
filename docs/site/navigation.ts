import { pageOf } from "./markdown.ts";
import { lexer, type Token, type Tokens } from "marked";

/** Pages under a common title. */
export interface Group {
  readonly title: string;
  readonly links: readonly Link[];
}

/** A page by its path in the site. */
export interface Link {
  readonly page: string;
  readonly title: string;
}

/** The groups of pages as the README lists them below the heading "Documentation": `- Title: [page](file), …`. */
export function readGroups(readme: string): Group[] {
  const tokens = lexer(readme);
  const heading = tokens.findIndex((token) => token.type === "heading" && token.text === "Documentation");
  const list = tokens.slice(heading + 1).find((token): token is Tokens.List => token.type === "list");
  if (heading < 0 || !list) {
    throw new Error("Cannot build the site: README.md has no list below Documentation");
  }
  return list.items.map(({ text, tokens }) => ({
    title: text.slice(0, text.indexOf(":")),
    links: inline(tokens).filter((token): token is Tokens.Link => token.type === "link")
      .map(({ href, text }) => ({ page: pageOf(href), title: text[0]!.toUpperCase() + text.slice(1) })),
  }));
}

/** All tokens within tokens. */
function inline(tokens: readonly Token[]): Token[] {
  return tokens.flatMap((token) => [token, ...("tokens" in token ? inline(token.tokens ?? []) : [])]);
}
