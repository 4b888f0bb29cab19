import { build, stop } from "esbuild";
import { kernelBytes } from "../../src/backend/wasm/builds.ts";
import { freePort, withWorkerd } from "../service/workerd.ts";
import type { Results, Task } from "./smoke/checks.ts";

/** The codecs' files in the packages that a project has. */
const codecs: Readonly<Record<string, string>> = {
  png: "@jsquash/png/codec/pkg/squoosh_png_bg.wasm",
  jpegDecode: "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  jpegEncode: "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm",
  webpDecode: "@jsquash/webp/codec/dec/webp_dec.wasm",
  webpEncode: "@jsquash/webp/codec/enc/webp_enc_simd.wasm",
};

/** What a worker asks of other hosts is asked of the server on loopback. */
const proxy = (origin: string) =>
  `export default {
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace(/^.*\\/models\\/emoji-64\\//, "/models/");
    return fetch(new Request("${origin}" + path + search, request));
  },
};
`;

/** Bundles the worker of the project in `folder`, and asks it in workerd for the results of the checks. */
export async function runInWorkerd(
  task: Task,
  { folder, origin }: { folder: string; origin: string },
): Promise<Results> {
  const out = `${folder}/worker`, modules = ["kernels", ...Object.keys(codecs)];
  await build({
    ...{ entryPoints: [`${folder}/worker.js`], outfile: `${out}/worker.js`, bundle: true, format: "esm" },
    ...{ conditions: ["workerd"], external: ["*.wasm", "node:*"], logLevel: "error" },
  });
  await stop();
  await Deno.writeFile(`${out}/kernels.wasm`, await kernelBytes("relaxed"));
  for (const [name, path] of Object.entries(codecs)) {
    await Deno.copyFile(`${folder}/node_modules/${path}`, `${out}/${name}.wasm`);
  }
  await Deno.writeTextFile(`${out}/proxy.js`, proxy(origin));
  await Deno.writeTextFile(
    `${out}/config.capnp`,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "proxy", worker = .proxy),
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    ${modules.map((name) => `(name = "${name}.wasm", wasm = embed "${name}.wasm")`).join(",\n    ")}
  ],
  compatibilityDate = "2026-01-01",
  globalOutbound = "proxy",
);
const proxy :Workerd.Worker = (
  modules = [(name = "proxy.js", esModule = embed "proxy.js")],
  compatibilityDate = "2026-01-01",
  globalOutbound = "loopback",
);
`,
  );
  const port = freePort();
  let results: Results | undefined;
  await withWorkerd([`${out}/config.capnp`, `--socket-addr=http=127.0.0.1:${port}`], async () => {
    results = await ask(`http://127.0.0.1:${port}`, task);
  });
  return results!;
}

/** Asks a server that is starting. */
async function ask(address: string, task: Task): Promise<Results> {
  for (let i = 0;; i++) {
    try {
      const response = await fetch(address, { method: "POST", body: JSON.stringify(task) });
      return await response.json();
    } catch (error) {
      if (i === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
