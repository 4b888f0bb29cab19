import type { ByteSource } from "../io/byte_source.ts";
import { openSource } from "../io/open_source.ts";
import { readNpy } from "../io/npy.ts";
import { type NpyHeader, readNpyHeader } from "../io/npy_header.ts";
import { maxNpzBytes, readNpz } from "../io/npz.ts";
import { readZip, type ZipMember } from "../io/zip/zip.ts";
import { CheckpointError, DataError } from "../tensor/errors.ts";
import { pixelSource } from "./array_source.ts";
import type { ImageSource } from "./source.ts";

/**
 * The images of an `.npz` file: `arr_0`, uint8 `[n,h,w,3]` as sets of generated images are stored, and optionally `labels` `[n]`
 * and `held_out`, the numbers of images that are not to be trained on. Where the file is stored, as `numpy.savez` does,
 * images are read when they are needed; a compressed one is read into memory, at most 1 GiB.
 * Throws `CheckpointError` where the file is damaged, `DataError` where it holds something else.
 */
export async function openNpz(path: string): Promise<ImageSource> {
  await using open = new AsyncDisposableStack();
  const file = open.use(await openSource(path));
  const members = await storedMembers(file);
  const source = members ? await storedSource(file, members) : await compressedSource(file);
  const kept = open.move();
  return { ...source, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

type Pixels = Omit<ImageSource, typeof Symbol.asyncDispose>;

/** The files in the zip, where all of them are stored as they are. */
async function storedMembers(file: ByteSource): Promise<ReadonlyMap<string, ZipMember> | undefined> {
  try {
    return await readZip(file);
  } catch (error) {
    if (error instanceof CheckpointError) return undefined;
    throw error;
  }
}

async function storedSource(file: ByteSource, members: ReadonlyMap<string, ZipMember>): Promise<Pixels> {
  const headers = new Map<string, NpyHeader>();
  for (const [name, member] of members) {
    if (!name.endsWith(".npy")) continue;
    headers.set(name.slice(0, -4), await readNpyHeader(file, { ...member, place: `${file.name}: ${name}` }));
  }
  const images = headers.get("arr_0");
  if (images?.descriptor !== "|u1") {
    throw withoutImages(
      file.name,
      [...headers].map(([name, { descriptor, shape }]) => [name, descriptor, shape]),
    );
  }
  const numbers = async (name: string) => {
    const member = members.get(`${name}.npy`);
    if (!member) return undefined;
    if (member.bytes > maxNpzBytes) {
      throw new DataError(`Cannot take ${name} from ${file.name}`, {
        expected: `at most ${maxNpzBytes} bytes`,
        got: `${member.bytes}`,
      });
    }
    return readNpy(await file.read(member.offset, member.bytes), `${file.name}: ${name}`).data;
  };
  const { offset, shape } = images;
  return pixelSource({
    shape,
    name: file.name,
    bytes: shape.reduce((product, side) => product * side, 1),
    labels: await numbers("labels"),
    heldOut: await numbers("held_out"),
    read: (at, length) => file.read(offset + at, length),
  });
}

async function compressedSource(file: ByteSource): Promise<Pixels> {
  const arrays = readNpz(await file.read(0, file.size), { file: file.name });
  const [images, labels, heldOut] = ["arr_0", "labels", "held_out"].map((array) => arrays.get(array));
  if (!images || !(images.data instanceof Uint8Array)) {
    throw withoutImages(
      file.name,
      [...arrays].map(([name, { shape, data }]) => [name, data.constructor.name, shape]),
    );
  }
  const { data, shape } = images;
  return pixelSource({
    shape,
    name: file.name,
    bytes: data.length,
    labels: labels?.data,
    heldOut: heldOut?.data,
    read: (at, length) => Promise.resolve(data.subarray(at, at + length)),
  });
}

function withoutImages(
  path: string,
  arrays: readonly (readonly [name: string, type: string, shape: readonly number[]])[],
): DataError {
  const got = arrays.map(([name, type, shape]) => `${name} of ${type} [${shape.join(",")}]`);
  return new DataError(`Cannot take images from ${path}`, {
    expected: "an array arr_0 of uint8 [n,h,w,3]",
    got: got.join(", ") || "no arrays",
  });
}
