import { CheckpointError } from "../tensor/errors.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { nameOf, openSource } from "../io/open_source.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { configFile } from "./config_json.ts";
import { openSafetensors } from "../io/safetensors/file.ts";
import { openTorchFile } from "../io/torch/file.ts";
import { legacyStart, openLegacyTorchFile } from "../io/torch/legacy.ts";

export type { Checkpoint };

/** The weights in a model's folder. */
export const weightsFile = "model.safetensors";

/** The longest config.json that is read. */
const maxConfigBytes = 1_000_000;

/**
 * Opens a checkpoint: a file that `torch.save` wrote (.ckpt, .pth), a safetensors file, or a folder with `config.json`
 * and `model.safetensors`. A configuration in the metadata of the weights takes precedence over `config.json`. The kind of a
 * file is recognised by its content, not its name. Nothing in it is ever executed.
 *
 * Throws `CheckpointError` if there is no such file, or it is neither, or damaged, or hostile.
 */
export async function openCheckpoint(source: string | URL | Blob | Uint8Array): Promise<Checkpoint> {
  if (await isFolder(source)) return await openFolder(nameOf(source));
  const bytes = await openSource(source);
  try {
    const head = await bytes.read(0, Math.min(bytes.size, 64));
    if (startsWith(head, [0x50, 0x4b, 0x03, 0x04])) return await openTorchFile(bytes);
    if (startsWith(head, legacyStart)) return await openLegacyTorchFile(bytes);
    if (head[8] === 0x7b) return await openSafetensors(bytes);
    throw unknownFile(bytes, head);
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

async function isFolder(source: string | URL | Blob | Uint8Array): Promise<boolean> {
  if (typeof source !== "string" && !(source instanceof URL && source.protocol === "file:")) return false;
  // What cannot be looked at is reported when it is opened.
  return (await Deno.stat(source).catch(() => undefined))?.isDirectory ?? false;
}

async function openFolder(folder: string): Promise<Checkpoint> {
  const path = (file: string) => `${folder.replace(/[/\\]+$/, "")}/${file}`;
  const weights = await openCheckpoint(path(weightsFile));
  // Converted weights carry their configuration, and theirs counts: a conversion that was interrupted between the two
  // files must not pair old and new.
  if (Object.hasOwn(weights.metadata, configFile)) return weights;
  try {
    return {
      ...weights,
      metadata: { ...weights.metadata, [configFile]: await readConfig(path(configFile)) },
    };
  } catch (error) {
    await weights[Symbol.asyncDispose]();
    throw error;
  }
}

async function readConfig(path: string): Promise<string> {
  await using file = await openSource(path);
  if (file.size > maxConfigBytes) {
    throw new CheckpointError(`Cannot read ${file.name}`, {
      expected: `at most ${maxConfigBytes} bytes`,
      got: `${file.size}`,
    });
  }
  return new TextDecoder().decode(await file.read(0, file.size));
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
