import { dtypeBytes } from "../../tensor/dtype.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { maxPickleBytes } from "./pickle.ts";
import { readTorchPickle } from "./torch_pickle.ts";
import type { TorchStorage } from "./torch_values.ts";
import { torchCheckpoint } from "./tensors.ts";
import { readZip, type ZipMember } from "../zip/zip.ts";
import { refuse } from "./refuse.ts";

/**
 * Opens a file that `torch.save` wrote: reads the zip directory and the pickle, and each storage on demand.
 * The tensors are those in `state_dict`, or at the top level if there is none.
 *
 * Throws `CheckpointError` for damaged or hostile files.
 */
export async function openTorchFile(source: ByteSource): Promise<Checkpoint> {
  const members = await readZip(source);
  const { folder, pickle } = findPickle(source, members);
  const bigEndian = await isBigEndian(source, members.get(`${folder}/byteorder`));
  const bytes = await source.read(pickle.offset, pickle.bytes);
  const top = readTorchPickle(bytes, { file: source.name });
  return torchCheckpoint(
    source,
    top,
    (storage, name) => findStorage(source, members, { folder, storage, name }),
    { bigEndian },
  );
}

/** Finds the only `<folder>/data.pkl`. */
function findPickle(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
): { folder: string; pickle: ZipMember } {
  const [first, ...more] = members.entries().filter(([name]) => /^[^/]+\/data\.pkl$/.test(name));
  const inner = members.keys().find((name) => /\.(ckpt|pth?|safetensors|bin)$/.test(name));
  if (!first && inner !== undefined) {
    throw new CheckpointError(`Cannot read ${source.name}`, {
      expected: "a checkpoint",
      got: `a zip that contains ${inner}`,
      hint: `unpack it: unzip ${source.name}`,
    });
  }
  if (!first || more.length > 0) {
    return refuse(
      source,
      "a torch checkpoint: a zip with one data.pkl",
      `a zip with ${more.length + (first ? 1 : 0)}`,
    );
  }
  const [name, pickle] = first;
  if (pickle.bytes > maxPickleBytes) {
    refuse(source, `a pickle of at most ${maxPickleBytes} bytes`, `${pickle.bytes}`);
  }
  return { folder: name.slice(0, name.indexOf("/")), pickle };
}

async function isBigEndian(source: ByteSource, member: ZipMember | undefined): Promise<boolean> {
  if (!member) return false;
  const text = new TextDecoder().decode(await source.read(member.offset, Math.min(member.bytes, 16)));
  if (text !== "little" && text !== "big") refuse(source, "byte order little or big", JSON.stringify(text));
  return text === "big";
}

/** Finds the file of a tensor's storage, which must have exactly the size of the storage. */
function findStorage(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
  { folder, storage, name }: { folder: string; storage: TorchStorage; name: string },
): ZipMember {
  const member = members.get(`${folder}/data/${storage.key}`);
  const bytes = storage.elements * dtypeBytes[storage.dtype];
  if (member?.bytes === bytes) return member;
  return refuse(
    source,
    `${bytes} bytes in data/${storage.key} for ${name}`,
    member ? `${member.bytes}` : "no such file",
  );
}
