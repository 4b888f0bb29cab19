/** Writes the Worker and the files that it needs to a folder: `deno run -A examples/edge/build.ts out/edge`. */
import { kernelBytes } from "@voken/magvit2/edge";
// What imports the package makes Deno fetch it.
import "@jsquash/png/codec/pkg/squoosh_png.js";

const [folder = "out/edge"] = Deno.args;
await Deno.mkdir(folder, { recursive: true });
const out = await Deno.realPath(folder);
const here = (name: string) => new URL(name, import.meta.url);
const copy = (from: string, name: string) => Deno.copyFile(here(from), `${out}/${name}`);

await copy("config.capnp", "config.capnp");
await copy("../../models/emoji-64/model.safetensors", "model.safetensors");
await copy(import.meta.resolve("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"), "png.wasm");
await Deno.writeFile(`${out}/kernels.wasm`, await kernelBytes("relaxed"));

const args = ["bundle", "--quiet", "--platform=browser", "--minify", `--output=${out}/worker.js`];
const externals = ["kernels.wasm", "png.wasm", "model.safetensors"].map((name) => `--external=./${name}`);
const { success } = await new Deno.Command(Deno.execPath(), {
  args: [...args, ...externals, "worker.ts"],
  cwd: here("."),
  stderr: "inherit",
}).output();
if (!success) throw new Error("Cannot bundle worker.ts");
console.log(`npx workerd serve ${folder}/config.capnp`);
