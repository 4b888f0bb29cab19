// Makes the host find the package, of which only the WebAssembly is used.
import "@jsquash/png/meta.js";
import type { Codec } from "./codec_type.ts";
import { WasmCodec } from "./codec_wasm.ts";
import type { ImageHeader } from "./header_type.ts";
import type { Image } from "./image.ts";
import type { Rgba } from "./rgba.ts";
import { toRgba } from "./rgba.ts";

/**
 * The package's own script uses a single instance, in which a damaged image (a Rust panic) leaks stack and heap. This
 * file implements wasm-bindgen's calling convention itself, so that it can create new instances.
 */
interface PngExports {
  memory: WebAssembly.Memory;
  /** Passes the pixels to the `ImageData` import. */
  decode(pointer: number, length: number): number;
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

interface PngInstance {
  exports: PngExports;
  decoded?: Rgba;
}

const png: WasmCodec<PngInstance> = new WasmCodec("png", instantiate);

export const codec: Codec = { decode, encode };

/** Decodes a PNG file, or the default image of an animation, to 8-bit RGBA. May throw any error if it is damaged. */
function decode(bytes: Uint8Array, { width, height }: ImageHeader): Promise<Rgba> {
  return png.run(width * height, (instance) => {
    instance.exports.decode(put(instance, bytes), bytes.length);
    const decoded = instance.decoded!;
    instance.decoded = undefined;
    return decoded;
  });
}

/** Encodes an image as an RGBA PNG file. */
function encode(image: Image): Promise<Uint8Array> {
  const { width, height } = image;
  const rgba = toRgba(image);
  return png.run(width * height, (instance) => {
    const { exports } = instance;
    const result = exports.__wbindgen_add_to_stack_pointer(-16);
    exports.encode(result, put(instance, rgba), rgba.length, width, height, 8);
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

function put({ exports }: PngInstance, bytes: Uint8Array | Uint8ClampedArray): number {
  const pointer = exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
  new Uint8Array(exports.memory.buffer).set(bytes, pointer);
  return pointer;
}

async function instantiate(module: WebAssembly.Module): Promise<PngInstance> {
  const instance = {} as PngInstance;
  const wbg: Record<string, (...values: number[]) => unknown> = {};
  // The names contain hashes that change with each build of the package.
  for (const { name } of WebAssembly.Module.imports(module)) {
    wbg[name] = name.startsWith("__wbg_newwithownedu8clampedarray") ? receive : refuse;
  }
  instance.exports = (await WebAssembly.instantiate(module, { wbg })).exports as unknown as PngExports;
  return instance;

  function receive(pointer = 0, length = 0, width = 0, height = 0): number {
    const data = new Uint8Array(instance.exports.memory.buffer, pointer >>> 0, length >>> 0).slice();
    instance.exports.__wbindgen_free(pointer, length, 1);
    instance.decoded = { width: width >>> 0, height: height >>> 0, data };
    return 0;
  }

  function refuse(): never {
    throw new Error("Cannot run the PNG codec");
  }
}
