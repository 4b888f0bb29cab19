// Makes the host find the package, of which only the WebAssembly is used.
import "@jsquash/png/meta.js";
import type { Codec } from "./codec_type.ts";
import { WasmCodec } from "./codec_wasm.ts";
import type { Image } from "./image.ts";
import { toRgba } from "./rgba.ts";

/**
 * The package's own script uses a single instance, in which a damaged image (a Rust panic) leaks stack and heap. This
 * file implements wasm-bindgen's calling convention itself, so that it can create new instances.
 */
interface PngExports {
  memory: WebAssembly.Memory;
  /** Writes pointer and length of the encoded file at `result`. */
  encode(
    result: number,
    pointer: number,
    length: number,
    width: number,
    height: number,
    bitDepth: number,
  ): void;
  __wbindgen_malloc(length: number, alignment: number): number;
  __wbindgen_free(pointer: number, length: number, alignment: number): void;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
}

const png: WasmCodec<PngExports> = new WasmCodec("png", instantiate);

export const codec: Pick<Codec, "encode"> = { encode };

/** Encodes an image as an RGBA PNG file. */
function encode(image: Image): Promise<Uint8Array> {
  const { width, height } = image;
  const rgba = toRgba(image);
  return png.run(width * height, (exports) => {
    const result = exports.__wbindgen_add_to_stack_pointer(-16);
    exports.encode(result, put(exports, rgba), rgba.length, width, height, 8);
    const [pointer, length] = new Uint32Array(exports.memory.buffer, result, 2) as unknown as [
      number,
      number,
    ];
    const file = new Uint8Array(exports.memory.buffer, pointer, length).slice();
    exports.__wbindgen_free(pointer, length, 1);
    exports.__wbindgen_add_to_stack_pointer(16);
    return file;
  });
}

function put(exports: PngExports, bytes: Uint8Array | Uint8ClampedArray): number {
  const pointer = exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
  new Uint8Array(exports.memory.buffer).set(bytes, pointer);
  return pointer;
}

async function instantiate(module: WebAssembly.Module): Promise<PngExports> {
  const refuse = () => {
    throw new Error("Cannot run the PNG codec");
  };
  // What decoding asks for. The names contain hashes that change with each build of the package.
  const wbg = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, refuse]));
  return (await WebAssembly.instantiate(module, { wbg })).exports as unknown as PngExports;
}
