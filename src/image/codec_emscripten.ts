import type { CodecName, PackedCodec } from "./codec_modules.ts";
import { WasmCodec } from "./codec_wasm.ts";

/** An instance of an Emscripten module, and the lines that it wrote to standard error. */
export interface EmscriptenInstance<Module> {
  module: Module;
  log: string[];
}

/** A factory that Emscripten generates. */
type Factory<Module> = (options: Record<string, unknown>) => Promise<Module>;

/** A codec compiled by Emscripten. `factory` imports its script, `packed` the codec for pages. */
export function emscriptenCodec<Module>(
  name: CodecName,
  factory: () => Promise<{ default: unknown }>,
  packed?: PackedCodec,
): WasmCodec<EmscriptenInstance<Module>> {
  return new WasmCodec(name, async (wasm) => {
    const log: string[] = [];
    const make = (await factory()).default as Factory<Module>;
    const module = await make({
      noInitialRun: true,
      print: () => {},
      printErr: (line: string) => log.push(line),
      instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
        const instance = new WebAssembly.Instance(wasm, imports);
        done(instance);
        return instance.exports;
      },
    });
    return { module, log };
  }, packed);
}
