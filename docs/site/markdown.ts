import Slugger from "github-slugger";
import highlighter from "highlight.js";
import { Marked, type Token } from "marked";

/** What a page of Markdown holds. */
export interface Document {
  readonly title: string;
  /** Its headings of the second level. */
  readonly sections: readonly Section[];
  /** The files that it links to or shows, relative to its own folder. */
  readonly files: readonly string[];
  readonly html: string;
}

/** A part of a page, below a heading. */
export interface Section {
  readonly id: string;
  readonly title: string;
}

/** Renders Markdown as GitHub does: with tables, and with ids of headings made from their text. */
export function renderMarkdown(markdown: string): Document {
  const slugger = new Slugger(), sections: Section[] = [], files: string[] = [];
  let title = "";
  const marked = new Marked({
    walkTokens(token) {
      if (token.type !== "link" && token.type !== "image" || URL.canParse(token.href)) return;
      const [file, anchor] = token.href.split("#") as [string, string?];
      if (file === "") return;
      files.push(file);
      token.href = anchor === undefined ? pageOf(file) : `${pageOf(file)}#${anchor}`;
    },
    renderer: {
      heading({ depth, tokens }) {
        const text = plain(tokens), id = slugger.slug(text);
        if (depth === 1) title = text;
        if (depth === 2) sections.push({ id, title: text });
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      code({ text, lang = "" }) {
        const html = highlighter.getLanguage(lang)
          ? highlighter.highlight(text, { language: lang }).value
          : escapeHtml(text);
        return `<pre><code>${html}</code></pre>\n`;
      },
    },
  });
  const html = marked.parse(markdown, { async: false });
  return { title, sections, files, html };
}

/** The page of a file: of Markdown, or of source text. Other files are their own pages. */
export function pageOf(file: string): string {
  if (/\.(tsx?|html)$/.test(file)) return `${file}.html`;
  return file.replace(/(^|\/)README\.md$/, "$1index.html").replace(/\.md$/, ".html");
}

/** Text for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The text of inline Markdown without its markup. */
function plain(tokens: readonly Token[]): string {
  return tokens.map((token) => {
    if ("tokens" in token && token.tokens) return plain(token.tokens);
    return "text" in token ? token.text : "";
  }).join("");
}
