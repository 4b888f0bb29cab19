import { type Document, pageOf, renderMarkdown } from "./markdown.ts";
import { readGroups } from "./navigation.ts";
import { renderPage } from "./page.ts";
import { referenceGroup } from "./reference.ts";

/**
 * Writes a page for `README.md` in `root` and for each file that it leads to, by one link or several. Files that are
 * not text are copied. Throws where a file is missing. Returns the numbers of both.
 */
export async function buildPages(root: URL, folder: URL): Promise<{ pages: number; copies: number }> {
  const { documents, others } = await follow(root);
  const [first, ...rest] = readGroups(await Deno.readTextFile(new URL("README.md", root)));
  const groups = [
    { ...first!, links: [{ page: "index.html", title: "Overview" }, ...first!.links] },
    await referenceGroup(root),
    ...rest,
  ];
  for (const [file, document] of documents) {
    const path = pageOf(file);
    await write(path, new TextEncoder().encode(renderPage(document, { path, groups })));
  }
  for (const file of others) await write(file, await Deno.readFile(new URL(file, root)));
  return { pages: documents.size, copies: others.size };

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const url = new URL(path, folder);
    await Deno.mkdir(new URL("./", url), { recursive: true });
    await Deno.writeFile(url, bytes);
  }
}

/** Renders all files that the README leads to; those without a page of their own are `others`. */
async function follow(root: URL): Promise<{ documents: Map<string, Document>; others: Set<string> }> {
  const documents = new Map<string, Document>(), others = new Set<string>(), found = new Set(["README.md"]);
  for (const file of found) {
    if (pageOf(file) === file) {
      others.add(file);
      continue;
    }
    const document = renderMarkdown(asMarkdown(file, await Deno.readTextFile(new URL(file, root))));
    documents.set(file, document);
    for (const linked of document.files) {
      const url = new URL(linked, new URL(file, root));
      if (!(await Deno.stat(url).catch(() => undefined))?.isFile) {
        throw new Error(`Cannot build the site: ${file} leads to ${linked}, which is no file`);
      }
      found.add(url.href.slice(root.href.length));
    }
  }
  return { documents, others };
}

/** The text of a file as Markdown: source text is a block of code. */
function asMarkdown(file: string, text: string): string {
  if (file.endsWith(".md")) return text;
  const fence = "`".repeat(8), language = file.slice(file.lastIndexOf(".") + 1);
  return `# ${file}\n\n${fence}${language}\n${text}${fence}\n`;
}
