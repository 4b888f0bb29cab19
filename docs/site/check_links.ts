import { Parser } from "htmlparser2";
import { walk } from "./walk.ts";

/** Where an element of a page leads. */
interface Reference {
  readonly page: URL;
  readonly element: string;
  readonly target: string;
}

/**
 * Checks the pages below a folder: files and anchors that they lead to must be there, and nothing that they load may
 * come from elsewhere. Returns a line for each fault.
 */
export async function checkLinks(folder: URL): Promise<string[]> {
  /** The ids in each page; none in other files. */
  const ids = new Map<string, Set<string>>(), references: Reference[] = [];
  for await (const page of walk(folder)) {
    const found = new Set<string>();
    ids.set(page.href, found);
    if (!page.pathname.endsWith(".html")) continue;
    const parser = new Parser({
      onopentag(element, { id, href, src }) {
        if (id) found.add(id);
        const target = href ?? src;
        if (target !== undefined) references.push({ page, element, target });
      },
    });
    parser.end(await Deno.readTextFile(page));
  }
  return references.flatMap(({ page, element, target }) => {
    const url = new URL(target, page), id = decodeURIComponent(url.hash.slice(1));
    const fault = (reason: string) => `${page.href.slice(folder.href.length)}: ${target} ${reason}`;
    url.hash = url.search = "";
    // Readers may follow a link to elsewhere; browsers must not.
    if (url.protocol !== "file:") return element === "a" ? [] : [fault("is loaded from elsewhere")];
    const inside = ids.get(url.href);
    if (!inside) return [fault("is not there")];
    return id === "" || inside.has(id) ? [] : [fault("has no such heading")];
  });
}
