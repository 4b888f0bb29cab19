/**
 * Names of types that only some projects have: those of browsers, WebGPU's in some versions of them, Deno's. A
 * declaration that names one gets an alias in its place, which is that type where there is one, and `unknown` elsewhere.
 * A dependency on `@webgpu/types` would clash with the newer versions of TypeScript's own `dom`.
 */
const aliases: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  GPUDevice: { name: "GPUDevice", type: "{ GPUDevice: { prototype: infer Found } }" },
  "WebAssembly.Module": {
    name: "WasmModule",
    type: "{ WebAssembly: { Module: { prototype: infer Found } } }",
  },
};

/** The library that declares what ends by `using`. It is younger than ES2022. */
const disposables = {
  named: /\b(?:Async)?Disposable\b|Symbol\.(?:asyncD|d)ispose/,
  line: '/// <reference lib="esnext.disposable" />',
};

/** Imports of types that only projects for Node have; in others they are `any`. */
const nodeImports = /^import type .* from "node:.*";$/gm,
  ignored = "// @ts-ignore: not every project has the types of Node.";

/** Makes the declaration files below a folder compile where there are ES2022 and the types of browsers or of Node. */
export async function makePortable(folder: string): Promise<void> {
  for await (const path of declarations(folder)) {
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, portable(text));
  }
}

function portable(text: string): string {
  let result = text.replaceAll(nodeImports, (line) => `${ignored}\n${line}`);
  for (const [name, alias] of Object.entries(aliases)) {
    if (!result.includes(name)) continue;
    const type = `typeof globalThis extends ${alias.type} ? Found : unknown`;
    result = `${result.replaceAll(name, alias.name)}type ${alias.name} = ${type};\n`;
  }
  return disposables.named.test(text) ? `${disposables.line}\n${result}` : result;
}

async function* declarations(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* declarations(`${folder}/${name}`);
    else if (name.endsWith(".d.ts")) yield `${folder}/${name}`;
  }
}
