/** The service as a Worker of Cloudflare's kind: `deno run -A examples/edge/build.ts`, then the command that it prints. */
import {
  createEdgeService,
  edgeBackend,
  provideCodecs,
  provideKernels,
  Tokenizer,
} from "@voken/magvit2/edge";
// @ts-ignore: the host compiles it; `build.ts` writes it.
import kernels from "./kernels.wasm";
// @ts-ignore: the same.
import png from "./png.wasm";
// @ts-ignore: the host gives its bytes.
import weights from "./model.safetensors";

let service: ReturnType<typeof start> | undefined;

async function start() {
  provideKernels("relaxed", kernels);
  provideCodecs({ png });
  const tokenizer = await Tokenizer.load(new Uint8Array(weights), { backend: edgeBackend() });
  return createEdgeService({ models: [{ name: "emoji-64", tokenizer }] });
}

export default {
  async fetch(request: Request): Promise<Response> {
    return await (await (service ??= start())).fetch(request);
  },
};
