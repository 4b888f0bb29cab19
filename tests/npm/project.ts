import { build, stop, transform } from "esbuild";
import { builtPackage, home, run } from "./package.ts";

const smoke = new URL("smoke/", import.meta.url).pathname;

/** Why nothing can be installed by npm on this machine, if so. */
export const missingNpm: string | undefined = await run("npm", ["--version"], ".").then(
  () => undefined,
  () => "npm does not run on this machine",
);

/**
 * A project that has installed the package by npm, from a tarball, with the checks in it as JavaScript; once for all
 * tests, and again when the package has changed. Its pages lie in `pages`.
 */
export async function installedProject(): Promise<string> {
  const folder = await install("project", {});
  await writeChecks(folder);
  await bundlePages(folder);
  return folder;
}

/** A project of this name that has the package and others, by name and version. */
export async function install(name: string, others: Readonly<Record<string, string>>): Promise<string> {
  const folder = `${home}/${name}`, packed = await builtPackage(), stamp = `${folder}/stamp.txt`;
  using turn = await Deno.open(`${home}/${name}.lock`, { write: true, create: true });
  await turn.lock(true);
  const built = String((await Deno.stat(packed)).mtime?.getTime());
  if (await Deno.readTextFile(stamp).catch(() => "") === built) return folder;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder, { recursive: true });
  const tarball = (await run("npm", ["pack", "--silent", `--pack-destination=${folder}`], packed)).trim();
  const dependencies = { "@voken/magvit2": `file:${tarball}`, ...others };
  const project = { type: "module", private: true, dependencies };
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(project));
  await run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline"], folder);
  await Deno.writeTextFile(stamp, built);
  return folder;
}

/** Compiles the checks as a user's project has them: each file to JavaScript. */
async function writeChecks(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(smoke)) {
    const { code } = await transform(await Deno.readTextFile(smoke + name), {
      ...{ loader: "ts", target: "es2022", supported: { using: false } },
    });
    await Deno.writeTextFile(`${folder}/${name.replace(".ts", ".js")}`, code.replaceAll('.ts"', '.js"'));
  }
}

/** Bundles the page's checks by esbuild and by Vite. */
async function bundlePages(folder: string): Promise<void> {
  const html = (script: string) =>
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="${script}"></script>\n`;
  await build({
    entryPoints: [`${folder}/page.js`],
    ...{ outdir: `${folder}/pages/esbuild`, bundle: true, splitting: true, minify: true, format: "esm" },
    logLevel: "error",
  });
  await stop();
  await Deno.writeTextFile(`${folder}/pages/esbuild/index.html`, html("./page.js"));
  await Deno.writeTextFile(`${folder}/index.html`, html("./page.js"));
  const vite = new URL("vite/build.ts", import.meta.url).pathname;
  await run(
    Deno.execPath(),
    ["run", "-A", "--quiet", "--frozen", vite, folder, `${folder}/pages/vite`],
    folder,
  );
}
