/** The codecs, by what they do. */
export type CodecName = "png" | "jpegDecode" | "jpegEncode" | "webpDecode" | "webpEncode";

const given: Map<CodecName, WebAssembly.Module> = new Map();

/**
 * Gives codecs as compiled modules, for hosts that compile no WebAssembly while they run. They are the `.wasm` files of
 * the packages @jsquash/png, jpeg and webp. Comes before the first image is decoded.
 */
export function provideCodecs(modules: Readonly<Partial<Record<CodecName, WebAssembly.Module>>>): void {
  for (const [name, module] of Object.entries(modules)) given.set(name as CodecName, module);
}

/** The codec that the host gave, if it did. */
export function providedCodec(name: CodecName): WebAssembly.Module | undefined {
  return given.get(name);
}
