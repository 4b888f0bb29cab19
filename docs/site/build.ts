/**
 * Builds the documentation: pages of the README and all that it leads to, and the reference of the API.
 *
 * `deno task docs [OUT [ROOT]]` reads the repository, or the package in the folder ROOT, and writes `out/site` or OUT.
 * It ends with 1 where a link or an anchor leads nowhere.
 */
import { checkLinks } from "./check_links.ts";
import { buildPages } from "./pages.ts";
import { buildReference } from "./reference.ts";

const repository = new URL("../../", import.meta.url);
const [out, root] = [Deno.args[0] ?? "out/site", Deno.args[1] ?? "."].map((path) =>
  new URL(`${path}/`, repository)
);
await build(out!, root!);

async function build(out: URL, root: URL): Promise<void> {
  await Deno.remove(out, { recursive: true }).catch(() => {});
  const { pages, copies } = await buildPages(root, out);
  await Deno.copyFile(new URL("style.css", import.meta.url), new URL("style.css", out));
  await Deno.copyFile(
    new URL("src/service/playground/client/icon.svg", repository),
    new URL("icon.svg", out),
  );
  await buildReference(root, new URL("api/", out));

  const faults = await checkLinks(out);
  for (const fault of faults) console.error(fault);
  console.log(`${pages} pages, ${copies} other files, ${faults.length} broken links in ${out.pathname}`);
  if (faults.length > 0) Deno.exit(1);
}
