/**
 * The service for edge hosts, as a request handler without threads, batches and metrics. Models are loaded from bytes,
 * because these hosts have no files.
 *
 * ```ts
 * import { createEdgeService, edgeBackend, Tokenizer } from "@voken/magvit2/edge";
 *
 * const weights = await (await fetch("https://example.org/model.safetensors")).bytes();
 * const tokenizer = await Tokenizer.load(weights, { backend: edgeBackend() });
 * const service = createEdgeService({ models: [{ name: "mine", tokenizer }] });
 * export default { fetch: (request: Request) => service.fetch(request) };
 * ```
 *
 * For hosts that cannot compile WebAssembly at run time, pass precompiled modules to `provideKernels` and
 * `provideCodecs`. `kernelBytes` gives the kernels as a file to deploy with the code.
 *
 * @module
 */
import type { Backend } from "../backend/backend.ts";
import { detectFeatures } from "../backend/wasm/features.ts";
import { createMachine } from "../backend/wasm/machine.ts";
import { WasmBackend } from "../backend/wasm/wasm_backend.ts";
import { assemble } from "./app.ts";
import { noMetrics } from "./observe/metrics.ts";
import type { ServiceOptions } from "./options.ts";
import type { App } from "./parts.ts";
import { localImages } from "./work/images.ts";

export { kernelBytes, provideKernels } from "../backend/wasm/builds.ts";
export type { Variant } from "../backend/wasm/features.ts";
export { provideCodecs } from "../image/codec_modules.ts";
export type { CodecName } from "../image/codec_modules.ts";
export { Tokenizer } from "../tokenizer/tokenizer.ts";
export { Generator } from "../transformer/generator.ts";
export type { AuthOptions, ModelFiles, ServedModel } from "./options.ts";
export type { Limits } from "./limits.ts";

/** Options of `createEdgeService`: those of `createService` without threads and pages. */
export type EdgeOptions = Omit<ServiceOptions, "codecThreads" | "pages">;

/** Creates a service for edge hosts. Throws `ArgumentError` for invalid options. */
export function createEdgeService(options: EdgeOptions): App {
  return assemble(options, { metrics: noMetrics, batches: false, images: () => localImages }).app;
}

/**
 * A backend that runs on the calling thread in slices of a few milliseconds, for hosts that cannot start threads.
 * Throws `BackendError` if the host has no WebAssembly SIMD.
 */
export function edgeBackend(): Backend {
  return new WasmBackend({}, createMachine({}, { features: { ...detectFeatures(), workers: false } }));
}
