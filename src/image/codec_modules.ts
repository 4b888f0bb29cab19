/** Names of the codecs. */
export type CodecName = "png" | "jpegDecode" | "jpegEncode" | "webpDecode" | "webpEncode";

const given: Map<CodecName, WebAssembly.Module> = new Map();

/**
 * Provides codecs as compiled modules, for hosts that cannot compile WebAssembly at run time. They are the `.wasm` files
 * of the packages @jsquash/png, jpeg and webp. Must be called before the first image is decoded.
 */
export function provideCodecs(modules: Readonly<Partial<Record<CodecName, WebAssembly.Module>>>): void {
  for (const [name, module] of Object.entries(modules)) given.set(name as CodecName, module);
}

/** A codec that was provided by the host. */
export function providedCodec(name: CodecName): WebAssembly.Module | undefined {
  return given.get(name);
}
