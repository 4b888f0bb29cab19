import { dtypeBytes } from "../../tensor/dtype.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { maxPickleBytes } from "./pickle.ts";
import { PickleDict, PickleList, type PickleValue } from "./pickle_values.ts";
import { readFirstTorchPickle } from "./torch_pickle.ts";
import type { TorchStorage } from "./torch_values.ts";
import { type StoragePlace, torchCheckpoint } from "./tensors.ts";
import { refuse } from "./refuse.ts";

const protocol = 1001;

/**
 * Opens a file that `torch.save` wrote before PyTorch 1.6, like the weights of torchvision and LPIPS. It has five pickles
 * (a magic number, the version of the format, the machine, the saved value, and the names of the storages in order),
 * followed by the storages, each as its number of elements in 8 bytes and the elements. Storages are read on demand.
 * The tensors are those that `openTorchFile` would return.
 *
 * Throws `CheckpointError` for damaged or hostile files.
 */
export async function openLegacyTorchFile(source: ByteSource): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(source.size, maxPickleBytes));
  let at = 0;
  const next = () => {
    const { length, ...found } = readFirstTorchPickle(head.subarray(at), { file: source.name });
    at += length;
    return found;
  };
  next();
  const version = next().value, machine = next().value;
  if (version !== protocol || !isLittle(machine)) {
    refuse(source, `a torch file of version ${protocol} with bytes in little-endian order`, "another");
  }
  const { value, storages } = next(), keys = next().value;
  const places = await findStorages(source, { keys, storages, at });
  return torchCheckpoint(
    source,
    value,
    ({ key }, name) => places.get(key) ?? refuse(source, `storage ${key} for ${name}`, "none"),
  );
}

function isLittle(machine: PickleValue): boolean {
  return machine instanceof PickleDict && machine.get("little_endian") === true;
}

/** Finds the positions of the storages, which must fill the rest of the file. */
async function findStorages(
  source: ByteSource,
  { keys, storages, at }: { keys: PickleValue; storages: ReadonlyMap<string, TorchStorage>; at: number },
): Promise<Map<string, StoragePlace>> {
  if (!(keys instanceof PickleList)) return refuse(source, "a list of storages", "something else");
  const places = new Map<string, StoragePlace>();
  for (const key of keys.items) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (!storage || places.has(storage.key)) {
      return refuse(source, "each storage of a known type once", `storage ${String(key)}`);
    }
    const bytes = storage.elements * dtypeBytes[storage.dtype];
    const count = at + 8 + bytes <= source.size
      ? new DataView((await source.read(at, 8)).buffer).getBigUint64(0, true)
      : undefined;
    if (count !== BigInt(storage.elements)) {
      const got = count === undefined ? `an end at byte ${source.size}` : `${count}`;
      return refuse(source, `${storage.elements} elements in storage ${key} at byte ${at}`, got);
    }
    places.set(storage.key, { offset: at + 8, bytes });
    at += 8 + bytes;
  }
  if (at !== source.size) return refuse(source, `the end at byte ${at}`, `${source.size} bytes`);
  return places;
}
