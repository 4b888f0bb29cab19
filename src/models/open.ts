import { CheckpointError } from "../tensor/errors.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { FetchOptions } from "../io/fetch_source.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { configFile } from "./config_json.ts";
import { findModel, type ModelSource } from "./find.ts";
import { type ModelFiles, weightsFile } from "./model_files.ts";
import { withQuantized } from "./quantized.ts";
import { openSafetensors } from "../io/safetensors/file.ts";

export type { Checkpoint };

/** What files of `torch.save` start with: zips, and the pickles that it wrote before version 1.6. */
const zipStart = [0x50, 0x4b, 0x03, 0x04],
  legacyStart = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];
/** The longest text file of a model that is read. */
const maxTextBytes = 1_000_000;

/**
 * Opens the checkpoint of a model: a file that `torch.save` wrote (.ckpt, .pth), a safetensors file, or a folder with
 * `config.json` and `model.safetensors`. A configuration in the metadata of the weights takes precedence over
 * `config.json`. The kind of a file is recognised by its content, not its name. Nothing in it is ever executed.
 *
 * Throws `CheckpointError` if there is no such file, or it is neither, or damaged, or hostile; `NetworkError` if it
 * cannot be fetched, `FileError` if it is fetched and the disk is full.
 */
export async function openCheckpoint(source: ModelSource, options?: FetchOptions): Promise<Checkpoint> {
  return await openFiles(await findModel(source, options));
}

/** Opens the checkpoint among the files of a model. Throws as `openCheckpoint` does. */
export async function openFiles(files: ModelFiles): Promise<Checkpoint> {
  if (files.kind === "file") return await openFile(await files.open());
  const weights = await openFile(await required(files, weightsFile));
  // Converted weights carry their configuration, and theirs counts: a conversion that was interrupted between the two
  // files must not pair old and new.
  if (Object.hasOwn(weights.metadata, configFile)) return weights;
  try {
    const config = await readText(await required(files, configFile));
    return { ...weights, metadata: { ...weights.metadata, [configFile]: config } };
  } catch (error) {
    await weights[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens a checkpoint that is a single file. Throws as `openCheckpoint` does. */
export async function openFile(bytes: ByteSource): Promise<Checkpoint> {
  try {
    const head = await bytes.read(0, Math.min(bytes.size, 64));
    // Pages that load converted models do not fetch the readers of others.
    if (startsWith(head, zipStart)) {
      const { openTorchFile } = await import("../io/torch/file.ts");
      return await openTorchFile(bytes);
    }
    if (startsWith(head, legacyStart)) {
      const { openLegacyTorchFile } = await import("../io/torch/legacy.ts");
      return await openLegacyTorchFile(bytes);
    }
    if (head[8] === 0x7b) return withQuantized(await openSafetensors(bytes));
    throw unknownFile(bytes, head);
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

/** Reads a text file of a model. Throws `CheckpointError` if it is too long. */
export async function readText(source: ByteSource): Promise<string> {
  await using file = source;
  if (file.size > maxTextBytes) {
    throw new CheckpointError(`Cannot read ${file.name}`, {
      expected: `at most ${maxTextBytes} bytes`,
      got: `${file.size}`,
    });
  }
  return new TextDecoder().decode(await file.read(0, file.size));
}

async function required(files: ModelFiles & { kind: "folder" }, file: string): Promise<ByteSource> {
  const found = await files.open(file);
  if (found) return found;
  throw new CheckpointError(`Cannot open ${files.name.replace(/\/$/, "")}/${file}`, {
    expected: "a file that can be read",
    got: "no such file",
  });
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}

function unknownFile({ name, size }: ByteSource, head: Uint8Array): CheckpointError {
  const expected = "a torch checkpoint or a safetensors file";
  const text = new TextDecoder().decode(head);
  if (text.startsWith("version https://git-lfs")) {
    return new CheckpointError(`Cannot open ${name}`, {
      expected,
      got: "a Git LFS pointer",
      hint: "run git lfs pull to fetch the file itself",
    });
  }
  const kind = size === 0
    ? "an empty file"
    : /^\s*<(!doctype|html)/i.test(text)
    ? "a web page"
    : `${size} bytes starting ${
      [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
    }`;
  return new CheckpointError(`Cannot open ${name}`, {
    expected,
    got: kind,
    hint: "give a .ckpt, .pth or .safetensors file, or a folder made by voken convert",
  });
}
