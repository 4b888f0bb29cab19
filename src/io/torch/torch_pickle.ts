import { type DType, dtypeBytes } from "../../tensor/dtype.ts";
import { CheckpointError } from "../../tensor/errors.ts";
import { readFirstPickle, readPickle } from "./pickle.ts";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from "./pickle_values.ts";
import { TorchStorage, TorchTensor } from "./torch_values.ts";
import { checkName } from "./names.ts";
import type { PickleRules } from "./pickle_machine.ts";

const storageTypes: ReadonlyMap<string, DType> = new Map([
  ["torch.DoubleStorage", "f64"],
  ["torch.FloatStorage", "f32"],
  ["torch.HalfStorage", "f16"],
  ["torch.BFloat16Storage", "bf16"],
  ["torch.LongStorage", "i64"],
  ["torch.IntStorage", "i32"],
  ["torch.ShortStorage", "i16"],
  ["torch.CharStorage", "i8"],
  ["torch.ByteStorage", "u8"],
  ["torch.BoolStorage", "bool"],
  // Bytes, whose type the tensors say.
  ["torch.storage.UntypedStorage", "u8"],
]);

/** Types of elements that have no storages of their own, but bytes. */
const elementTypes: ReadonlyMap<string, DType> = new Map([
  ["torch.float8_e4m3fn", "f8_e4m3"],
  ["torch.float8_e5m2", "f8_e5m2"],
]);

/** The most axes of a tensor. */
const maxAxes = 16;

/** Reads the pickle of a torch file. Throws `CheckpointError` as `readPickle` does, and for invalid tensors. */
export function readTorchPickle(bytes: Uint8Array, { file }: { file: string }): PickleValue {
  return readPickle(bytes, new TorchRules(file), { file });
}

/**
 * Reads the pickle at the beginning of `bytes` of a file in the old format. Returns its value, its length, and the
 * storages that it names. Throws as `readTorchPickle` does, and for storages that are parts of others.
 */
export function readFirstTorchPickle(
  bytes: Uint8Array,
  { file }: { file: string },
): { value: PickleValue; length: number; storages: ReadonlyMap<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>();
  return { ...readFirstPickle(bytes, new TorchRules(file, storages), { file }), storages };
}

class TorchRules implements PickleRules {
  readonly #file: string;
  /** The storages of a file of the old format, by key. */
  readonly #storages: Map<string, TorchStorage> | undefined;

  constructor(file: string, storages?: Map<string, TorchStorage>) {
    this.#file = file;
    this.#storages = storages;
  }

  checkGlobal(name: string): void {
    checkName(name, { file: this.#file });
  }

  reduce({ name }: PickleGlobal, args: readonly PickleValue[]): PickleValue {
    switch (name) {
      case "collections.OrderedDict":
      case "collections.defaultdict":
        return new PickleDict();
      case "torch._utils._rebuild_tensor":
      case "torch._utils._rebuild_tensor_v2":
        return this.#tensor(args);
      case "torch._utils._rebuild_tensor_v3":
        return this.#tensor(args, args[6]);
      case "torch._tensor._rebuild_from_type_v2":
        // A tensor with attributes, or of a class of its own: how it is made, its class, and the arguments.
        return args[0] instanceof PickleGlobal && args[2] instanceof PickleTuple
          ? this.reduce(args[0], args[2].items)
          : this.#refuse("how a tensor is made", "something else");
      case "torch._utils._rebuild_parameter":
      case "torch._utils._rebuild_parameter_with_state":
        // A parameter is its tensor.
        return args[0] instanceof TorchTensor
          ? args[0]
          : this.#refuse("a tensor in a Parameter", "something else");
      default:
        return new PickleObject();
    }
  }

  persistent(id: PickleValue): PickleValue {
    // In the old format a sixth item describes a storage that is a part of another one.
    const items = id instanceof PickleTuple ? id.items : [];
    const isWhole = this.#storages ? items.length === 6 && items[5] === null : items.length === 5;
    const [tag, type, key, , elements] = isWhole ? items : [];
    const isStorage = tag === "storage" && type instanceof PickleGlobal && typeof key === "string" &&
      isCount(elements);
    if (!isStorage) return this.#refuse("a storage as persistent id", "something else");
    const dtype = storageTypes.get(type.name);
    // Storages of other types (complex, quantized) are never read.
    if (!dtype) return new PickleObject();
    const storage = new TorchStorage({ dtype, key, elements }), before = this.#storages?.get(key);
    if (before && (before.dtype !== dtype || before.elements !== elements)) {
      return this.#refuse(
        `${before.elements} elements of ${before.dtype} in storage ${key}`,
        `${elements} of ${dtype}`,
      );
    }
    this.#storages?.set(key, storage);
    return storage;
  }

  /** A view of a storage; of one without a type if `type` names that of its elements. */
  #tensor([stored, offset, size, stride]: readonly PickleValue[], type?: PickleValue): PickleValue {
    const storage = stored instanceof TorchStorage && type instanceof PickleGlobal
      ? this.#typed(stored, type)
      : stored;
    const shape = countsOf(size), strides = countsOf(stride);
    if (!isCount(offset) || !shape || shape.length !== strides?.length || shape.length > maxAxes) {
      return this.#refuse("an offset, and as many lengths as strides, for a tensor", "something else");
    }
    if (!(storage instanceof TorchStorage)) {
      if (storage instanceof PickleObject) return storage;
      return this.#refuse("a storage for a tensor", "something else");
    }
    const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis]!, offset);
    const fits = shape.includes(0) ? offset <= storage.elements : last < storage.elements;
    if (!fits) {
      return this.#refuse(
        `a tensor within the ${storage.elements} elements of storage ${storage.key}`,
        `one of shape [${shape}], strides [${strides}], from element ${offset}`,
      );
    }
    return new TorchTensor(storage, { offset, shape, strides });
  }

  /** A storage of bytes as one of the elements that `type` names; an object if these are never read. */
  #typed({ key, elements: bytes }: TorchStorage, { name }: PickleGlobal): TorchStorage | PickleObject {
    const dtype = elementTypes.get(name);
    return dtype ? new TorchStorage({ dtype, key, elements: bytes / dtypeBytes[dtype] }) : new PickleObject();
  }

  #refuse(expected: string, got: string): never {
    throw new CheckpointError(`Cannot read ${this.#file}: its pickle`, { expected, got });
  }
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function countsOf(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof PickleTuple || value instanceof PickleList ? value.items : undefined;
  return items?.every(isCount) ? items as number[] : undefined;
}
