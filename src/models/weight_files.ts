import type { Checkpoint } from "../io/checkpoint.ts";
import { parseJsonFile } from "../io/json_file.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { type ModelFiles, weightsFile } from "./model_files.ts";
import { openFile, readText } from "./open_file.ts";

type Folder = ModelFiles & { readonly kind: "folder" };

/** Names of weights in the folders of this and of other libraries, and of the lists of those in several files. */
const singles = [
  weightsFile,
  "pytorch_model.bin",
  "diffusion_pytorch_model.safetensors",
  "diffusion_pytorch_model.bin",
];
const indexes = singles.map((name) => `${name}.index.json`);
const checkpointFile = /\.(ckpt|pth?|safetensors)$/;

/**
 * Opens the weights in a folder: `model.safetensors`, the weights of folders as transformers and diffusers write them, also
 * in several files with an index, or else the only checkpoint there is.
 *
 * Throws `CheckpointError` that says what there is if it has none of these, or several checkpoints.
 */
export async function openWeights(folder: Folder): Promise<Checkpoint> {
  for (const name of singles) {
    const file = await folder.open(name);
    if (file) return await openFile(file);
  }
  for (const name of indexes) {
    const file = await folder.open(name);
    if (file) return await openShards(folder, { name: file.name, index: await readText(file) });
  }
  const names = await folder.list?.() ?? [], found = names.filter((name) => checkpointFile.test(name));
  if (found.length === 1) return await openFile((await folder.open(found[0]!))!);
  throw new CheckpointError(`Cannot open ${folder.name.replace(/\/$/, "")}/${weightsFile}`, {
    expected: "a file that can be read",
    got: found.length > 1 ? `several checkpoints: ${found.join(", ")}` : "no such file",
    hint: found.length > 1
      ? "give the path of one of them"
      : names.length > 0
      ? `the folder has ${names.slice(0, 8).join(", ")}; give a folder made by voken convert, or a checkpoint`
      : undefined,
  });
}

/** Opens weights in several files, by the index of which is in which. */
async function openShards(
  folder: Folder,
  { name, index }: { name: string; index: string },
): Promise<Checkpoint> {
  const json = parseJsonFile(index, { file: name }) as { weight_map?: unknown } | null;
  const places = Object.entries(json?.weight_map ?? {}).filter((entry): entry is [string, string] =>
    typeof entry[1] === "string" && !/[/\\]/.test(entry[1])
  );
  await using opened = new AsyncDisposableStack();
  const shards = new Map<string, Checkpoint>();
  for (const file of new Set(places.map(([, file]) => file))) {
    const source = await folder.open(file);
    if (!source) {
      throw new CheckpointError(`Cannot open ${folder.name}/${file}`, {
        expected: `a file, which ${name} names`,
        got: "no such file",
        hint: "fetch all files of the model",
      });
    }
    shards.set(file, opened.use(await openFile(source)));
  }
  const [first] = shards.values();
  if (!first) throw new CheckpointError(`Cannot read ${name}`, { expected: "a weight_map", got: "none" });
  const owners = new Map(places.map(([weight, file]) => [weight, shards.get(file)!]));
  const all = opened.move();
  return {
    name: folder.name,
    format: first.format,
    metadata: Object.assign({}, ...[...shards.values()].map(({ metadata }) => metadata)),
    tensors: new Map([...shards.values()].flatMap(({ tensors }) => [...tensors])),
    read: async (weight) => await (owners.get(weight) ?? first).read(weight),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
