import { unpackBase64 } from "../io/base64.ts";
import { compileFile, inBrowser } from "../io/host.ts";
import { checkOptions, type Kinds, wasmModule } from "../tensor/options.ts";

/** Names of the codecs. */
export type CodecName = "png" | "jpegDecode" | "jpegEncode" | "webpDecode" | "webpEncode";

/** The files of the codecs: package, range of its versions, path. */
const places: Readonly<Record<CodecName, readonly [name: string, versions: string, path: string]>> = {
  png: ["@jsquash/png", "^3.1.1", "codec/pkg/squoosh_png_bg.wasm"],
  jpegDecode: ["@jsquash/jpeg", "^1.6.0", "codec/dec/mozjpeg_dec.wasm"],
  jpegEncode: ["@jsquash/jpeg", "^1.6.0", "codec/enc/mozjpeg_enc.wasm"],
  webpDecode: ["@jsquash/webp", "^1.5.0", "codec/dec/webp_dec.wasm"],
  webpEncode: ["@jsquash/webp", "^1.5.0", "codec/enc/webp_enc_simd.wasm"],
};

const kinds = Object.fromEntries(Object.keys(places).map((name) => [name, wasmModule])) as Kinds<
  Partial<Record<CodecName, WebAssembly.Module>>
>;

const modules: Map<CodecName, WebAssembly.Module | Promise<WebAssembly.Module>> = new Map();

/**
 * Provides codecs as compiled modules, for hosts that cannot compile WebAssembly at run time. They are the `.wasm` files
 * of the packages @jsquash/png, jpeg and webp. Must be called before the first image is decoded.
 */
export function provideCodecs(given: Readonly<Partial<Record<CodecName, WebAssembly.Module>>>): void {
  checkOptions(given, kinds, "provide the codecs");
  for (const [name, module] of Object.entries(given)) if (module) modules.set(name as CodecName, module);
}

/** Imports a codec packed for pages: a WebAssembly file, compressed by gzip, in base64. */
export type PackedCodec = () => Promise<{ readonly wasm: string }>;

/**
 * The compiled module of a codec, in pages from `packed`, as no bundler knows where files of packages go. Throws any error if it
 * cannot be loaded.
 */
export async function codecModule(name: CodecName, packed?: PackedCodec): Promise<WebAssembly.Module> {
  let module = modules.get(name);
  if (!module) {
    modules.set(name, module = packed && inBrowser() ? compilePacked(packed) : compileFile(locate(name)));
  }
  try {
    return await module;
  } catch (cause) {
    modules.delete(name);
    throw cause;
  }
}

async function compilePacked(packed: PackedCodec): Promise<WebAssembly.Module> {
  const { wasm } = await packed();
  return await WebAssembly.compile(await unpackBase64(wasm));
}

/** Where a codec is: registries rewrite the bare names of packages in imports, but not here. */
function locate(codec: CodecName): string {
  const [name, versions, path] = places[codec];
  try {
    return import.meta.resolve(`${name}/${path}`);
  } catch {
    return `npm:${name}@${versions}/${path}`;
  }
}
