/** The whole service as one request handler, as Deno Deploy runs it: `deno serve -A examples/deploy.ts`. */
import { createEdgeService, edgeBackend, Generator, Tokenizer } from "@voken/magvit2/edge";

const backend = edgeBackend();
const tokenizer = await Tokenizer.load("emoji-64", { backend });
const generator = await Generator.load("emoji-64", { tokenizer, backend });
const service = createEdgeService({ models: [{ name: "emoji-64", tokenizer, generator }] });

export default { fetch: (request: Request): Response | Promise<Response> => service.fetch(request) };
