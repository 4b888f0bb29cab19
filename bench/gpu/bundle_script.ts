/**
 * Bundles scripts of the repository with all that they import into files that run elsewhere, without a network.
 */
import { build, type Plugin } from "esbuild";

const root = new URL("../../", import.meta.url);

/** Files that a module reads beside itself are found below the folder of the pack, at the same paths. */
const besideThePack: Plugin = {
  name: "paths from the pack",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const own = path.slice(root.pathname.length);
      const source = await Deno.readTextFile(path);
      const contents = source.replaceAll(
        "import.meta.url",
        `new URL(${JSON.stringify(own)}, globalThis.packRoot).href`,
      );
      return { contents, loader: "ts" };
    });
  },
};

/** Bundles one script into `target`. Packages are resolved as the configuration of the benches says. */
export async function bundleScript(script: string, target: string): Promise<void> {
  const own = `${target}.own.js`;
  await build({
    entryPoints: [new URL(script, root).pathname],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    packages: "external",
    outfile: own,
    logLevel: "error",
    banner: { js: "globalThis.packRoot ??= new URL('./', import.meta.url);" },
    plugins: [besideThePack],
  });
  const config = new URL("bench/deno.json", root).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--config", config, "--platform", "deno", "--output", target, own],
  }).output();
  if (!success) throw new Error(`Cannot bundle ${script}: ${new TextDecoder().decode(stderr)}`);
  await Deno.remove(own);
}
