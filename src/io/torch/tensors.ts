import { dtypeBytes } from "../../tensor/dtype.ts";
import { sizeOf, stridesOf } from "../../tensor/shape.ts";
import type { ByteSource } from "../byte_source.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { takeF32 } from "../convert_dtype.ts";
import { PickleDict, type PickleValue } from "./pickle_values.ts";
import { type TorchStorage, TorchTensor } from "./torch_values.ts";
import { refuse } from "./refuse.ts";

/** A view of up to this many elements may repeat elements of its storage, as an expanded tensor does. */
const maxRepeated = 2 ** 20;

/** The position of a storage in the file. */
export interface StoragePlace {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * A checkpoint of the tensors in the value of a torch file's pickle: those in `state_dict`, or at the top level if there
 * is none. `place` finds the storage of the tensor `name`.
 *
 * Throws `CheckpointError` if the value is not a dict, two tensors have the same name, or a view is much larger than its
 * storage.
 */
export function torchCheckpoint(
  source: ByteSource,
  top: PickleValue,
  place: (storage: TorchStorage, name: string) => StoragePlace,
): Checkpoint {
  if (!(top instanceof PickleDict)) {
    return refuse(source, "a dict at the top of its pickle", "something else");
  }
  const state = top.get("state_dict");
  const found = new Map<string, { tensor: TorchTensor; place: StoragePlace }>();
  for (const [name, tensor] of (state instanceof PickleDict ? state : top).entries()) {
    if (typeof name !== "string" || !(tensor instanceof TorchTensor)) continue;
    if (found.has(name)) refuse(source, `one tensor ${name}`, "two");
    found.set(name, { tensor, place: place(tensor.storage, name) });
    const limit = Math.max(tensor.storage.elements, maxRepeated), elements = sizeOf(tensor.shape);
    if (elements > limit) {
      refuse(source, `at most ${limit} elements in ${name}, a view that repeats its storage`, `${elements}`);
    }
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
  { tensor, place }: { tensor: TorchTensor; place: StoragePlace },
): Promise<Float32Array> {
  const { storage: { dtype }, offset, shape, strides } = tensor;
  const elements = sizeOf(shape);
  if (elements === 0) return new Float32Array();
  const span = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, 1);
  const size = dtypeBytes[dtype];
  const data = takeF32(await source.read(place.offset + offset * size, span * size), dtype);
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
