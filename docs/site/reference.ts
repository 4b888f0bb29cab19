import type { Group } from "./navigation.ts";
import { walk } from "./walk.ts";

/** What a package says of itself in `deno.json`. */
interface Package {
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
}

async function readPackage(root: URL): Promise<Package> {
  return JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
}

/** The pages of what the package in `root` exports, in the folder `api`. */
export async function referenceGroup(root: URL): Promise<Group> {
  const { name, exports } = await readPackage(root);
  const links = Object.keys(exports).map((path) => ({
    page: new URL(`api/${path}/index.html`, "site:/").pathname.slice(1),
    title: `${name}${path.slice(1)}`,
  }));
  return { title: "API reference", links };
}

/** Writes the reference of what the package in `root` exports, as `deno doc` makes it. */
export async function buildReference(root: URL, folder: URL): Promise<void> {
  const { name, exports } = await readPackage(root);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--html", `--name=${name}`, `--output=${folder.pathname}`, ...Object.values(exports)],
    cwd: root,
    stdout: "null",
  }).output();
  if (!success) throw new Error(`Cannot build the reference: ${new TextDecoder().decode(stderr)}`);
  for await (const page of walk(folder)) {
    if (!page.pathname.endsWith(".html")) continue;
    const depth = page.href.slice(folder.href.length).split("/").length;
    let html = tidy(await Deno.readTextFile(page), "../".repeat(depth));
    // Modules are named by what the package calls them inside.
    for (const path of Object.keys(exports)) {
      const inside = path === "." ? path : path.slice(2);
      html = html.replaceAll(`from &quot;${inside}&quot;`, `from &quot;${name}${path.slice(1)}&quot;`);
    }
    await Deno.writeTextFile(page, html);
  }
}

/** Repairs the links of a page, most of which `deno doc` means for a server of its own; `home` is the site's folder. */
function tidy(html: string, home: string): string {
  return html
    // Buttons lead to the sources on the machine that built the page.
    .replaceAll(/<a\s+class="sourceButton"[\s\S]*?<\/a>/g, "")
    // Folders stand for their index.
    .replaceAll(/href="([^"]*&#x2F;)?"/g, 'href="$1index.html"')
    // The type parameters of mapped types are linked, but described nowhere.
    .replaceAll(/<a href="#(type_param_\w+)"[^>]*>([^<]*)<\/a>/g, (link, id, name) => {
      return html.includes(`id="${id}"`) ? link : name;
    })
    .replace(/<button id="theme-toggle"/, `<a href="${home}index.html">Documentation</a>$&`);
}
