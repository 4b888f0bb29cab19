/**
 * `deno task pack:gpu [FOLDER] [--no-deno]`: writes a folder that measures the library on any Linux machine (x86-64, glibc)
 * with a Vulkan loader and driver, without a network: this Deno, the bundled benchmarks and tests, the goldens that they
 * read, and their peer in PyTorch. `FOLDER/run.sh` runs it all. `--no-deno` leaves the binary out.
 */
import { bundleScript } from "./bundle_script.ts";
import { checks } from "./check.ts";

const root = new URL("../../", import.meta.url);
/** What bundles read: it stands at the same paths in the pack. */
const goldens = [
  "image_tiny",
  "image_small",
  "image_rect",
  "ar_tiny",
  "ar_small",
  "train_ar",
  "imagenet_256_L",
]
  .map((name) => `tests/golden/${name}.safetensors`);
/** Files of the pack, by the path in the repository. */
const files: Readonly<Record<string, string>> = {
  ...Object.fromEntries(goldens.map((path) => [path, path])),
  ...Object.fromEntries(
    ["check", "run", "tokenizer", "training", "transformer"]
      .map((name) => [`bench/gpu/pytorch/${name}.py`, `pytorch/${name}.py`]),
  ),
  "bench/gpu/run.sh": "run.sh",
  "bench/gpu/PACK.md": "README.md",
  "LICENSE": "LICENSE",
};
const scripts: Readonly<Record<string, string>> = { run: "bench/gpu/run.ts", ...checks };

/** Writes the pack into a folder, and returns its bytes. */
export async function writePack(folder: string, { deno }: { deno: boolean }): Promise<number> {
  for (const [from, to] of Object.entries(files)) {
    const target = `${folder}/${to}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(new URL(from, root), target);
  }
  await Deno.chmod(`${folder}/run.sh`, 0o755);
  for (const [name, script] of Object.entries(scripts)) await bundleScript(script, `${folder}/${name}.js`);
  if (deno) await packDeno(`${folder}/deno.xz`);
  return await sizeOf(folder);
}

/** Compresses this Deno, which takes a minute: one that is there already, of this version, stays. */
async function packDeno(target: string): Promise<void> {
  const { os, arch } = Deno.build, binary = Deno.execPath();
  if (os !== "linux" || arch !== "x86_64") {
    throw new Error(
      `Cannot pack Deno: expected that of Linux on x86_64, got ${os} on ${arch}; pack it there`,
    );
  }
  const there = await Deno.stat(target).catch(() => undefined);
  if (there && there.mtime! > (await Deno.stat(binary)).mtime!) return;
  using file = await Deno.open(target, { write: true, create: true, truncate: true });
  const child = new Deno.Command("xz", { args: ["-9", "--stdout", binary], stdout: "piped" }).spawn();
  await child.stdout.pipeTo(file.writable, { preventClose: true });
  if (!(await child.status).success) throw new Error(`Cannot compress ${binary} with xz`);
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await sizeOf(path) : (await Deno.stat(path)).size;
  }
  return bytes;
}

if (import.meta.main) {
  const deno = !Deno.args.includes("--no-deno");
  const folder = Deno.args.find((argument) => !argument.startsWith("--")) ?? "dist/gpu";
  const bytes = await writePack(folder, { deno });
  console.log(`${folder}: ${(bytes / 1e6).toFixed(1)} MB`);
  Deno.exit(0);
}
