import { dtypeBytes } from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import { sizeOf, stridesOf } from "../tensor/shape.ts";
import type { ByteSource } from "./byte_source.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { toF32 } from "./convert_dtype.ts";
import { maxPickleBytes } from "./pickle.ts";
import { PickleDict, type PickleValue } from "./pickle_values.ts";
import { readTorchPickle, TorchTensor } from "./torch_pickle.ts";
import { readZip, type ZipMember } from "./zip.ts";

/** Elements up to which a view may repeat those of its storage, as an expanded tensor does. */
const maxRepeated = 2 ** 20;

/**
 * Opens a file that `torch.save` wrote: reads the zip's directory and the pickle, and storages only when asked.
 * The tensors are those under `state_dict`, or at the top where there is none.
 *
 * Throws `CheckpointError` for damaged or hostile files.
 */
export async function openTorchFile(source: ByteSource): Promise<Checkpoint> {
  const members = await readZip(source);
  const { folder, pickle } = findPickle(source, members);
  await checkByteOrder(source, members.get(`${folder}/byteorder`));
  const bytes = await source.read(pickle.offset, pickle.bytes);
  const top = readTorchPickle(bytes, { file: source.name });
  if (!(top instanceof PickleDict)) {
    return refuse(source, "a dict at the top of its pickle", "something else");
  }
  const state = top.get("state_dict");
  const found = new Map<string, { tensor: TorchTensor; member: ZipMember }>();
  for (const [name, tensor] of (state instanceof PickleDict ? state : top).entries()) {
    if (typeof name !== "string" || !(tensor instanceof TorchTensor)) continue;
    if (found.has(name)) refuse(source, `one tensor ${name}`, "two");
    found.set(name, { tensor, member: findStorage(source, members, { folder, tensor, name }) });
  }
  return {
    name: source.name,
    format: "torch",
    metadata: plainEntries(top),
    tensors: new Map(
      found.entries().map(([name, { tensor: { storage: { dtype }, shape } }]) => [
        name,
        { dtype, shape, bytes: sizeOf(shape) * dtypeBytes[dtype] },
      ]),
    ),
    async read(name) {
      const entry = found.get(name);
      return entry
        ? await readTensor(source, entry)
        : refuse(source, `a tensor ${name}`, "none of this name");
    },
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** The one `<folder>/data.pkl`. */
function findPickle(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
): { folder: string; pickle: ZipMember } {
  const [first, ...more] = members.entries().filter(([name]) => /^[^/]+\/data\.pkl$/.test(name));
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

async function checkByteOrder(source: ByteSource, member: ZipMember | undefined): Promise<void> {
  if (!member) return;
  const text = new TextDecoder().decode(await source.read(member.offset, Math.min(member.bytes, 16)));
  if (text !== "little") refuse(source, "byte order little", JSON.stringify(text));
}

/** The file of a tensor's storage, which must be just as long as the storage says. */
function findStorage(
  source: ByteSource,
  members: ReadonlyMap<string, ZipMember>,
  { folder, tensor: { storage, shape }, name }: { folder: string; tensor: TorchTensor; name: string },
): ZipMember {
  const member = members.get(`${folder}/data/${storage.key}`);
  const bytes = storage.elements * dtypeBytes[storage.dtype];
  if (member?.bytes !== bytes) {
    return refuse(
      source,
      `${bytes} bytes in data/${storage.key} for ${name}`,
      member ? `${member.bytes}` : "no such file",
    );
  }
  const limit = Math.max(storage.elements, maxRepeated);
  if (sizeOf(shape) > limit) {
    refuse(
      source,
      `at most ${limit} elements in ${name}, a view that repeats its storage`,
      `${sizeOf(shape)}`,
    );
  }
  return member;
}

/** Texts, numbers and switches at the top: the epoch, the step, the version. */
function plainEntries(top: PickleDict): Record<string, string> {
  const plain: [string, string][] = [];
  for (const [key, value] of top.entries()) {
    if (typeof key === "string" && isPlain(value)) plain.push([key, String(value)]);
  }
  return Object.fromEntries(plain);
}

function isPlain(value: PickleValue): value is string | number | boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** Reads the part of the storage that a tensor spans, and gathers its elements if they are not row-major. */
async function readTensor(
  source: ByteSource,
  { tensor, member }: { tensor: TorchTensor; member: ZipMember },
): Promise<Float32Array> {
  const { storage: { dtype }, offset, shape, strides } = tensor;
  const elements = sizeOf(shape);
  if (elements === 0) return new Float32Array();
  const span = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1);
  const size = dtypeBytes[dtype];
  const data = toF32(await source.read(member.offset + offset * size, span * size), dtype);
  const dense = stridesOf(shape);
  const isDense = shape.every((length, axis) => length === 1 || strides[axis] === dense[axis]);
  return isDense ? data : gather(data, tensor, elements);
}

function gather(data: Float32Array, { shape, strides }: TorchTensor, elements: number): Float32Array {
  const result = new Float32Array(elements);
  const inner = shape.at(-1)!, step = strides.at(-1)!;
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < elements;) {
    for (let i = 0, at = from; i < inner; i++, at += step) result[to++] = data[at]!;
    // The next row: count up the outer axes like the digits of a number.
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function refuse(source: ByteSource, expected: string, got: string): never {
  throw new CheckpointError(`Cannot read ${source.name}`, { expected, got });
}
