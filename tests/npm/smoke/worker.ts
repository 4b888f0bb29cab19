/** The checks for workerd, which compiles WebAssembly only before it runs: a request has the task, the answer the results. */
import { provideCodecs, provideKernels } from "@voken/magvit2/edge";
import { checks, runChecks } from "./checks.ts";
import { service } from "./edge.ts";
// @ts-ignore: the host compiles it, as it does the others.
import kernels from "./kernels.wasm";
// @ts-ignore: the same.
import png from "./png.wasm";
// @ts-ignore: the same.
import jpegDecode from "./jpegDecode.wasm";
// @ts-ignore: the same.
import jpegEncode from "./jpegEncode.wasm";
// @ts-ignore: the same.
import webpDecode from "./webpDecode.wasm";
// @ts-ignore: the same.
import webpEncode from "./webpEncode.wasm";

provideKernels("relaxed", kernels);
provideCodecs({ png, jpegDecode, jpegEncode, webpDecode, webpEncode });

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await runChecks({ ...checks, service }, await request.json()));
  },
};
