/**
 * Open-MAGVIT2 over HTTP, as a Hono app that can be mounted in other apps.
 *
 * ```ts
 * import { Tokenizer } from "@voken/magvit2";
 * import { createService, serve } from "@voken/magvit2/service";
 *
 * await using tokenizer = await Tokenizer.load("emoji-64");
 * await using service = createService({ models: [{ name: "emoji-64", tokenizer }] });
 * await using server = await serve(service, { port: 8080 });
 * console.log(`http://127.0.0.1:${server.port}`);
 * await server.finished;
 * ```
 *
 * @module
 */
export { createService } from "./service.ts";
export type { Service } from "./service.ts";
export type { AuthOptions, FileContent, ModelFiles, ServedModel, ServiceOptions } from "./options.ts";
export type { BearerTokens } from "./http/auth.ts";
export type { Limits } from "./limits.ts";
export type { ServableGenerator } from "./work/generation_scheduler.ts";
export type { ServableTokenizer } from "./work/tokenizer_batcher.ts";
export { serve } from "./serve.ts";
export type { RunningServer, ServeOptions } from "./serve.ts";
