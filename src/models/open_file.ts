import { CheckpointError } from "../tensor/errors.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { Checkpoint } from "../io/checkpoint.ts";
import { openSafetensors } from "../io/safetensors/file.ts";
import { withQuantized } from "./quantized.ts";
import { unknownFile } from "./unknown_file.ts";

/** What files of `torch.save` start with: zips, and the pickles that it wrote before version 1.6. */
const zipStart = [0x50, 0x4b, 0x03, 0x04],
  legacyMagic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];
/** The longest text file of a model that is read. */
const maxTextBytes = 1_000_000;

/** Opens a checkpoint that is a single file. Throws `CheckpointError` if it is none, damaged, or hostile. */
export async function openFile(bytes: ByteSource): Promise<Checkpoint> {
  try {
    const head = await bytes.read(0, Math.min(bytes.size, 512));
    // Pages that load converted models do not fetch the readers of others.
    if (startsWith(head, zipStart)) {
      const { openTorchFile } = await import("../io/torch/file.ts");
      return await openTorchFile(bytes);
    }
    if (isLegacy(head)) {
      const { openLegacyTorchFile } = await import("../io/torch/legacy.ts");
      return await openLegacyTorchFile(bytes);
    }
    // The format asks for a brace at once, but its own reader also takes spaces before it.
    if (/^\s*\{/.test(new TextDecoder().decode(head.subarray(8, 64)))) {
      return withQuantized(await openSafetensors(bytes));
    }
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

/** Whether a file begins with the pickle of the old format's magic number, of whatever protocol; later ones have a frame. */
function isLegacy(head: Uint8Array): boolean {
  return head[0] === 0x80 && [2, 11].some((at) => startsWith(head.subarray(at), legacyMagic));
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
