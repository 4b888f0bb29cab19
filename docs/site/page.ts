import { type Document, escapeHtml } from "./markdown.ts";
import type { Group } from "./navigation.ts";

/** A page of HTML. `path` is where it lies in the site, from which its links lead to the other pages. */
export function renderPage(
  document: Document,
  { path, groups }: { path: string; groups: readonly Group[] },
): string {
  const root = "../".repeat(path.split("/").length - 1);
  const title = escapeHtml(document.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title === "Voken" ? title : `${title} – Voken`}</title>
<link rel="stylesheet" href="${root}style.css">
<link rel="icon" href="${root}icon.svg">
</head>
<body>
<header><a href="${root}index.html">Voken</a><a class="menu" href="#pages">Pages</a></header>
<main>
${document.html}</main>
<nav id="pages">
${groups.map(renderGroup).join("\n")}
</nav>
</body>
</html>
`;

  function renderGroup({ title, links }: Group): string {
    const items = links.map(({ page, title }) => {
      const here = page === path;
      const link = `<a href="${root}${page}"${here ? ' aria-current="page"' : ""}>${escapeHtml(title)}</a>`;
      return `<li>${link}${here ? renderSections(document) : ""}</li>`;
    });
    return `<h2>${escapeHtml(title)}</h2>\n<ul>\n${items.join("\n")}\n</ul>`;
  }
}

function renderSections({ sections }: Document): string {
  if (sections.length === 0) return "";
  const items = sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`);
  return `\n<ul>\n${items.join("\n")}\n</ul>`;
}
