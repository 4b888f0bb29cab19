import { build, stop } from "esbuild";

/** The file of the package that has what the language lacks in older engines. */
const newer = "newer.js";

/** Names that its modules take from there, and what they write in place of them. */
const names: Readonly<Record<string, string>> = {
  "Symbol.dispose": "symbolDispose",
  "Symbol.asyncDispose": "symbolAsyncDispose",
  AsyncDisposableStack: "AsyncDisposableStack",
};

/** Rewrites the JavaScript below a folder as what Node 22 and the browsers of its time run: `using` is younger. */
export async function lowerSyntax(folder: string): Promise<void> {
  const common = { target: "es2022", supported: { using: false, "import-attributes": true } };
  const { outputFiles } = await build({
    ...{ ...common, entryPoints: [`${folder}/**/*.js`], outdir: folder, outbase: folder },
    define: names,
    write: false,
  });
  for (const { path, text } of outputFiles) await Deno.writeTextFile(path, withImport(text, path, folder));
  const source = new URL("newer.ts", import.meta.url).pathname;
  await build({ ...common, entryPoints: [source], outfile: `${folder}/${newer}` });
  await stop();
}

/** A module that imports what it uses of `newer.js`. */
function withImport(text: string, path: string, folder: string): string {
  const used = Object.values(names).filter((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(text));
  if (used.length === 0) return text;
  const up = "../".repeat(path.slice(folder.length + 1).split("/").length - 1) || "./";
  return `import { ${used.join(", ")} } from "${up}${newer}";\n${text}`;
}
