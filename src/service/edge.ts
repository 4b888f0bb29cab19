/**
 * The service for hosts at the edge, as a handler of requests: no threads, no batches, no metrics. Models
 * come as bytes: only opening a file by its path would need Deno.
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
 * Where the host compiles no WebAssembly while it runs, `provideKernels` and `provideCodecs` take modules that it compiled
 * before.
 *
 * @module
 */
import type { Hono } from "hono";
import type { Backend } from "../backend/backend.ts";
import { detectFeatures } from "../backend/wasm/features.ts";
import { createMachine } from "../backend/wasm/machine.ts";
import { WasmBackend } from "../backend/wasm/wasm_backend.ts";
import { assemble } from "./app.ts";
import { noMetrics } from "./observe/metrics.ts";
import type { ServiceOptions } from "./options.ts";
import type { Env } from "./parts.ts";
import { imagesHere } from "./work/images.ts";

export { provideKernels } from "../backend/wasm/kernels.ts";
export { provideCodecs } from "../image/codec_modules.ts";
export type { CodecName } from "../image/codec_modules.ts";
export { Tokenizer } from "../tokenizer/tokenizer.ts";
export { Generator } from "../transformer/generator.ts";
export type { AuthOptions, ModelFiles, ServedModel } from "./options.ts";
export type { Limits } from "./limits.ts";

/** What differs from a service with threads: there are none, and no pages. */
export type EdgeOptions = Omit<ServiceOptions, "codecThreads" | "pages">;

/** Makes the service of some models. Throws `ArgumentError` for options that make none. */
export function createEdgeService(options: EdgeOptions): Hono<Env> {
  return assemble(options, { metrics: noMetrics, batches: false, images: () => imagesHere }).app;
}

/**
 * A backend on the thread of the caller, in slices of some milliseconds: for hosts that have no threads, or that cannot
 * start any because a bundle is one file. Throws `BackendError` where the host has no WebAssembly SIMD.
 */
export function edgeBackend(): Backend {
  return new WasmBackend({}, createMachine({}, { features: { ...detectFeatures(), workers: false } }));
}
