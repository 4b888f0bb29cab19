import { dtypeBytes } from "../../tensor/dtype.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { takeF32 } from "../convert_dtype.ts";
import { PickleDict, PickleObject, type PickleValue } from "./pickle_values.ts";
import { type TorchStorage, TorchTensor } from "./torch_values.ts";
import { refuse } from "./refuse.ts";

/** A view of up to this many elements may repeat elements of its storage, as an expanded tensor does. */
const maxRepeated = 2 ** 20;

/** The position of a storage in the file. */
export interface StoragePlace {
  readonly offset: number;
  readonly bytes: number;
}

/** What checkpoints of trainings call their weights. Beside them are states of optimizers and callbacks. */
const weightsKey = /^state_dict$|(^|_)ema(_|$)/;
/** How deep tensors may be nested. */
const maxDepth = 32;

/**
 * A checkpoint of the tensors in the value of a torch file's pickle. A tensor in nested dicts, or in the attributes of
 * TorchScript's modules, is named by its path, `model.encoder.conv_in.weight`; those in `state_dict` are named without it.
 * Beside a `state_dict` only averages are looked for. `place` finds the storage of the tensor `name`.
 *
 * Throws `CheckpointError` if the value is not a dict, two tensors have the same name, or a view is much larger than its
 * storage.
 */
export function torchCheckpoint(
  source: ByteSource,
  top: PickleValue,
  place: (storage: TorchStorage, name: string) => StoragePlace,
  { bigEndian = false }: { bigEndian?: boolean } = {},
): Checkpoint {
  const root = dictOf(top);
  if (!root) return refuse(source, "a dict or a module at the top of its pickle", "something else");
  const found = new Map<string, { tensor: TorchTensor; place: StoragePlace; bigEndian: boolean }>();
  for (const [name, tensor] of tensorsIn(root)) {
    if (found.has(name)) refuse(source, `one tensor ${name}`, "two");
    found.set(name, { tensor, place: place(tensor.storage, name), bigEndian });
    const limit = Math.max(tensor.storage.elements, maxRepeated), elements = sizeOf(tensor.shape);
    if (elements > limit) {
      refuse(source, `at most ${limit} elements in ${name}, a view that repeats its storage`, `${elements}`);
    }
  }
  return {
    name: source.name,
    format: "torch",
    metadata: plainEntries(root),
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

/** The dict that a value is, or that holds the attributes of a module. */
function dictOf(value: PickleValue): PickleDict | undefined {
  if (value instanceof PickleDict) return value;
  return value instanceof PickleObject && value.state instanceof PickleDict ? value.state : undefined;
}

/** All tensors in a dict and in the dicts in it, by path. Each dict is entered once: they may refer to each other. */
function* tensorsIn(
  dict: PickleDict,
  { prefix = "", seen = new Set(), depth = 0 }: { prefix?: string; seen?: Set<PickleDict>; depth?: number } =
    {},
): Generator<[string, TorchTensor]> {
  seen.add(dict);
  const isCheckpoint = depth === 0 && dict.get("state_dict") instanceof PickleDict;
  for (const [key, value] of dict.entries()) {
    if (typeof key !== "string" || isCheckpoint && !weightsKey.test(key)) continue;
    if (value instanceof TorchTensor) yield [prefix + key, value];
    const inner = value instanceof TorchTensor ? undefined : dictOf(value);
    if (!inner || seen.has(inner) || depth === maxDepth) continue;
    const path = depth === 0 && key === "state_dict" ? prefix : `${prefix}${key}.`;
    yield* tensorsIn(inner, { prefix: path, seen, depth: depth + 1 });
  }
}

/** Strings, numbers and booleans at the top level, such as the epoch, the step and the version. */
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

/** Reads the part of a storage that a tensor spans, and gathers its elements unless they are row-major. */
async function readTensor(
  source: ByteSource,
  { tensor, place, bigEndian }: { tensor: TorchTensor; place: StoragePlace; bigEndian: boolean },
): Promise<Float32Array> {
  const { storage: { dtype }, offset, shape, strides } = tensor;
  const elements = sizeOf(shape);
  if (elements === 0) return new Float32Array();
  const span = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1);
  const size = dtypeBytes[dtype];
  const bytes = await source.read(place.offset + offset * size, span * size);
  if (bigEndian) swapBytes(bytes, size);
  const data = takeF32(bytes, dtype);
  const dense = stridesOf(shape);
  const isDense = shape.every((length, axis) => length === 1 || strides[axis] === dense[axis]);
  return isDense ? data : gather(data, tensor, elements);
}

/** Reverses the bytes of each element. */
function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; size > 1 && at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

function gather(data: Float32Array, { shape, strides }: TorchTensor, elements: number): Float32Array {
  const result = new Float32Array(elements);
  const inner = shape.at(-1)!, step = strides.at(-1)!;
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < elements;) {
    for (let i = 0, at = from; i < inner; i++, at += step) result[to++] = data[at]!;
    // Advance to the next row: increment the outer axes like the digits of a number.
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
