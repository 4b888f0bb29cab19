import { dtypeBytes } from "../../tensor/dtype.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { maxPickleBytes } from "./pickle.ts";
import { PickleDict, PickleList, type PickleValue } from "./pickle_values.ts";
import { readFirstTorchPickle, type TorchStorage } from "./torch_pickle.ts";
import { type StoragePlace, torchCheckpoint } from "./tensors.ts";

/** The pickle of the number that opens every file of PyTorch before 1.6. */
export const legacyStart: readonly number[] = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];
const protocol = 1001;

/**
 * Opens a file that `torch.save` wrote before PyTorch 1.6, as torchvision's and LPIPS's older weights are: five pickles
 * (a number that marks the format, its version, the machine, what was saved, the names of the storages in order), then each storage
 * as its number of elements in 8 bytes and the elements. They are read when asked for. Tensors as `openTorchFile` finds them.
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

/** The places of the storages, which must fill the rest of the file. */
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

function refuse(source: ByteSource, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}`, { expected, got });
}
