import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("layers");

/** The layers, lowest first: a folder imports from itself and from folders before it. */
const layers: readonly string[] = [
  "tensor",
  "version.ts",
  "io",
  "image",
  "graph",
  "autograd",
  "onnx",
  "backend",
  "nn",
  "networks",
  "runtime",
  "models",
  "tokenizer",
  "transformer",
  "data",
  "eval",
  "train",
  "service",
  "cli",
  "advanced.ts",
  "mod.ts",
];
/** Folders beside `src` that belong to a layer: kernels, generated from or run by the backends. */
const homes: Readonly<Record<string, string>> = { kernels: "backend", wasm: "backend", workers: "backend" };

/** Scripts that build generated files, which are no part of the package. */
const builders: readonly string[] = ["kernels", "wasm", "workers", "src/service/playground"]
  .map((folder) => `${folder}/build.ts`);

const rankOf = (layer: string) => layers.indexOf(layer);
const root = new URL("../", import.meta.url);

/** Imports of all kinds: static, re-exports, dynamic, and modules named by URL. */
const imports = /(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)["']([^"'\n]+)["']/g;
/** Imports and re-exports of types alone, which are gone when the program runs. */
const typeImports =
  /\b(?:im|ex)port\s+(?:type\b[^"';]*|\{(?:\s*type\s[^,"';}]*,?)+\s*\}\s*)from\s*["']([^"'\n]+)["']/g;

/** The files of the package itself, by path from its root, without the scripts that build generated ones. */
async function* sources(folder: string): AsyncGenerator<string> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(folder, root)));
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    if (isDirectory) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts") && !builders.includes(folder + name)) yield folder + name;
  }
}

type Imports = Map<string, string[]>;

/** What each file imports from the package: all of it, and what is more than types. */
async function importGraphs(): Promise<{ all: Imports; values: Imports }> {
  const all: Imports = new Map(), values: Imports = new Map();
  for await (const { name } of Deno.readDir(root)) {
    if (name === "mod.ts") all.set(name, []);
    if (!(name in homes) && name !== "src") continue;
    for await (const path of sources(`${name}/`)) all.set(path, []);
  }
  for (const [path, list] of all) {
    const text = withoutComments(await Deno.readTextFile(new URL(path, root)));
    const targets = (code: string) =>
      [...code.matchAll(imports)].map(([, specifier]) => specifier!)
        .filter((specifier) => specifier.startsWith("."))
        .flatMap((specifier) => {
          const target = new URL(specifier, new URL(path, root)).href.slice(root.href.length);
          // AssemblyScript names modules without their extension.
          const found = [target, `${target}.ts`].find((candidate) => all.has(candidate));
          if (!found && target.endsWith(".ts")) {
            throw new Error(`${path} imports ${specifier}, which is not there`);
          }
          return found ?? [];
        });
    list.push(...targets(text));
    values.set(path, targets(text.replace(typeImports, "")));
  }
  return { all, values };
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** The layer of a file. */
function layerOf(path: string): string {
  const [first, second] = path.split("/");
  return first === "src" ? second! : homes[first!] ?? first!;
}

/** What is wrong with the imports of `graph`. */
function violations(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  for (const [path, targets] of graph) {
    const layer = layerOf(path);
    if (rankOf(layer) < 0) found.push(`${path} is in no known layer: name ${layer} in tests/layers.test.ts`);
    for (const target of targets) {
      const other = layerOf(target);
      if (rankOf(other) > rankOf(layer)) found.push(`${path} imports ${target}`);
    }
  }
  return found;
}

/** A cycle of imports as the list of its files, or nothing. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return;
    path.push(file);
    for (const target of graph.get(file)!) {
      const cycle = visit(target);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
}

const { all, values } = await importGraphs();

test("the imports that are seen are those that there are", () => {
  assert.ok(all.get("src/backend/wasm/pool.ts")!.includes("workers/kernel_protocol.ts"));
  assert.ok(values.get("wasm/walk.ts")!.includes("wasm/simd.ts"));
  assert.ok(all.get("src/backend/wasm/spawn.ts")!.includes("workers/_generated_kernel_worker.ts"));
  assert.ok(all.get("src/graph/infer.ts")!.includes("src/graph/ops.ts"));
  assert.not(values.get("src/graph/infer.ts")!.includes("src/graph/ops.ts"), "only types of it");
  assert.ok(values.get("src/backend/wasm/lower/conv.ts")!.includes("src/backend/wasm/conv.ts"));
  assert.ok(all.size > 60);
});

test("files import from their own layer and those below it", () => {
  assert.equal(violations(all), []);
});

test("no files import each other in a circle, nor types of each other", () => {
  assert.is(findCycle(all)?.join(" → "), undefined);
});

test("what runs everywhere names neither Deno nor Node", async () => {
  const portable = ["tensor", "graph", "autograd", "backend", "nn"];
  const found: string[] = [];
  for (const path of all.keys()) {
    if (!portable.includes(layerOf(path)) || /_generated_\w+_worker/.test(path)) continue;
    const code = withoutComments(await Deno.readTextFile(new URL(path, root)));
    // A type may name what only some hosts have; code asks for it at run time.
    if (/\bDeno\.|["']node:/.test(code.replace(/\bimport\("node:\w+"\)|Module\??\.?\("node:\w+"\)/g, ""))) {
      found.push(path);
    }
  }
  assert.equal(found, []);
});

test("what breaks the rules is found", () => {
  const broken = new Map([["src/graph/a.ts", ["src/nn/b.ts"]], ["src/nn/b.ts", []], ["src/other/c.ts", []]]);
  assert.is(violations(broken).length, 2);
  const round = new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]);
  assert.equal(findCycle(round), ["b", "c", "b"]);
});

test.run();
