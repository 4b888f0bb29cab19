import { checkOptions } from "../tensor/options.ts";
import { fetchKinds, type FetchOptions } from "../io/fetch_source.ts";
import { checkSource } from "./check_source.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { configFile, isOurs } from "./config_json.ts";
import { findModel, type ModelSource } from "./find.ts";
import type { ModelFiles } from "./model_files.ts";
import { openFile, readText } from "./open_file.ts";
import { openWeights } from "./weight_files.ts";

export type { Checkpoint };

/**
 * Opens the checkpoint of a model: a file that `torch.save` wrote (.ckpt, .pth), a safetensors file, or a folder with
 * `config.json` and `model.safetensors`. A configuration in the metadata of the weights takes precedence over
 * `config.json`. The kind of a file is recognised by its content, not its name. Nothing in it is ever executed.
 *
 * Throws `CheckpointError` if there is no such file, or it is neither, or damaged, or hostile; `NetworkError` if it
 * cannot be fetched, `FileError` if it is fetched and the disk is full.
 */
export async function openCheckpoint(
  source: ModelSource,
  options: FetchOptions = {},
): Promise<Checkpoint> {
  checkOptions(options, fetchKinds, "open the checkpoint");
  checkSource(source, "open the checkpoint");
  return await openFiles(await findModel(source, options));
}

/** Opens the checkpoint among the files of a model. Throws as `openCheckpoint` does. */
export async function openFiles(files: ModelFiles): Promise<Checkpoint> {
  if (files.kind === "file") return await openFile(await files.open());
  const weights = await openWeights(files);
  // Converted weights carry their configuration, and theirs counts: a conversion that was interrupted between the two
  // files must not pair old and new.
  if (Object.hasOwn(weights.metadata, configFile)) return weights;
  try {
    const file = await files.open(configFile), config = file && await readText(file);
    // Configurations of other libraries are not needed: it is read off the weights.
    if (!config || !isOurs(config)) return weights;
    return { ...weights, metadata: { ...weights.metadata, [configFile]: config } };
  } catch (error) {
    await weights[Symbol.asyncDispose]();
    throw error;
  }
}
