/**
 * Prints what pages download that use a part of the package: `deno task sizes`, after `deno task build:npm`.
 *
 * A page is bundled by esbuild, minified, and split if it loads a part later. Each file that it loads is compressed by
 * gzip: the page's script and the chunks that it imports, at once or, as the backend and its kernels are, when they are
 * needed. Chunks that it never asks for do not count.
 */
import { gzipSync } from "node:zlib";
import { build, type Metafile, stop } from "esbuild";

/** A page by what it imports, and which of the package's modules it loads later. */
interface Page {
  readonly name: string;
  readonly imports: string;
  readonly later: readonly string[];
}

const wasm = ["src/backend/wasm/wasm_backend.js", "src/backend/wasm/_generated_threads.js"];
const webgpu = ["src/backend/webgpu/webgpu_backend.js"];

const pages: readonly Page[] = [
  { name: "psnr", imports: "psnr", later: [] },
  { name: "tokenizer on WASM", imports: "Tokenizer", later: wasm },
  { name: "tokenizer on WebGPU", imports: "Tokenizer", later: webgpu },
  { name: "tokenizer on either", imports: "Tokenizer", later: [...wasm, ...webgpu] },
  { name: "generator on WASM", imports: "Generator", later: wasm },
  { name: "generator on WebGPU", imports: "Generator", later: webgpu },
  { name: "generator on either", imports: "Generator", later: [...wasm, ...webgpu] },
];

/** What a page downloads. */
export interface PageSize {
  readonly name: string;
  /** Bytes of all files that it loads, each compressed by gzip. */
  readonly gzipped: number;
  readonly files: number;
  /** Bytes before compression by the folder or package that they come from. */
  readonly folders: ReadonlyMap<string, number>;
  /** Other packages that the files import. */
  readonly packages: readonly string[];
}

/** Bundles each of the pages with the package in `folder`. */
export async function measurePages(folder: string): Promise<PageSize[]> {
  const sizes: PageSize[] = [];
  for (const page of pages) sizes.push(await measurePage(folder, page));
  await stop();
  return sizes;
}

async function measurePage(folder: string, { name, imports, later }: Page): Promise<PageSize> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: `export { ${imports} } from "@voken/magvit2";`, resolveDir: folder },
    alias: { "@voken/magvit2": `${folder}/mod.js` },
    absWorkingDir: folder,
    outdir: "pages",
    bundle: true,
    splitting: later.length > 0,
    minify: true,
    format: "esm",
    platform: "browser",
    packages: "external",
    metafile: true,
    write: false,
  });
  const loaded = loadedFiles(metafile, later), folders = new Map<string, number>();
  let gzipped = 0;
  for (const file of loaded) {
    gzipped += gzipSync(outputFiles.find(({ path }) => path.endsWith(file))!.contents, { level: 9 }).length;
    for (const [input, { bytesInOutput }] of Object.entries(metafile.outputs[file]!.inputs)) {
      const from = input.includes("_generated") ? input : input.slice(0, input.lastIndexOf("/"));
      folders.set(from, (folders.get(from) ?? 0) + bytesInOutput);
    }
  }
  const packages = loaded.flatMap((file) =>
    metafile.outputs[file]!.imports.filter(({ external, kind }) => external && kind === "import-statement")
      .map(({ path }) => path)
  );
  return { name, gzipped, files: loaded.length, folders, packages };
}

/** The output files that a page loads: its own, those of the modules in `later`, and all that they import statically. */
function loadedFiles({ outputs }: Metafile, later: readonly string[]): string[] {
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { path, kind, external } of outputs[file]!.imports) {
      if (kind === "import-statement" && !external) load(path);
    }
  };
  load("pages/stdin.js");
  for (const module of later) {
    const file = Object.keys(outputs).find((name) => module in outputs[name]!.inputs);
    if (file === undefined) throw new Error(`Cannot measure the page: no chunk holds ${module}`);
    load(file);
  }
  return [...loaded];
}

if (import.meta.main) {
  const folder = new URL("../dist/npm", import.meta.url).pathname;
  for (const { name, gzipped, files, folders } of await measurePages(folder)) {
    console.log(
      `${name.padEnd(20)} ${(gzipped / 1000).toFixed(1).padStart(6)} KB in ${files} ${
        files === 1 ? "file" : "files"
      }`,
    );
    if (!Deno.args.includes("--details")) continue;
    for (const [from, bytes] of [...folders].sort(([, a], [, b]) => b - a)) {
      if (bytes > 0) console.log(`  ${String(bytes).padStart(7)} ${from}`);
    }
  }
}
