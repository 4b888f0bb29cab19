interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The script of the command line, which `bin` names. */
const command = "bin/voken.js";

/** Completes the `package.json` that `deno pack` wrote, and adds the script that it names as the command. */
export async function completeManifest(folder: string): Promise<void> {
  const path = `${folder}/package.json`;
  const packed: Manifest = JSON.parse(await Deno.readTextFile(path));
  const entries = Object.entries(packed.exports).map(([name, { types, default: script }]) => [
    name,
    { types, default: script },
  ]);
  const complete = {
    name: packed.name,
    version: packed.version,
    description: "Open-MAGVIT2: images become tokens, and tokens become images, on WebAssembly and WebGPU",
    keywords: ["image", "tokenizer", "magvit2", "vq", "transformer", "webgpu", "wasm"],
    license: packed.license,
    type: "module",
    // Modules that are not used can be left out of bundles: importing one does nothing but define.
    sideEffects: [command, "./src/cli/voken.js"],
    engines: { node: ">=22.3", bun: ">=1.2", deno: ">=2.7" },
    bin: { voken: command },
    exports: { ...Object.fromEntries(entries), "./package.json": "./package.json" },
    dependencies: packed.dependencies,
  };
  await Deno.writeTextFile(path, `${JSON.stringify(complete, null, 2)}\n`);
  await Deno.mkdir(`${folder}/bin`);
  await Deno.writeTextFile(`${folder}/${command}`, '#!/usr/bin/env node\nimport "../src/cli/voken.js";\n', {
    mode: 0o755,
  });
}
