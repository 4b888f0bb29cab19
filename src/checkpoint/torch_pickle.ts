import type { DType } from "../tensor/dtype.ts";
import { CheckpointError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { type PickleRules, readPickle } from "./pickle.ts";
import {
  PickleDict,
  PickleGlobal,
  PickleList,
  PickleObject,
  PickleTuple,
  type PickleValue,
} from "./pickle_values.ts";
import { checkName } from "./torch_names.ts";

/** Elements in a file of their own inside the zip. */
export class TorchStorage extends PickleObject {
  readonly dtype: DType;
  /** Its file is `data/<key>`. */
  readonly key: string;
  readonly elements: number;

  constructor({ dtype, key, elements }: { dtype: DType; key: string; elements: number }) {
    super();
    this.dtype = dtype;
    this.key = key;
    this.elements = elements;
  }

  override get kind(): string {
    return "a storage";
  }
}

/** A view of a storage. Offset and strides count elements, and stay within the storage. */
export class TorchTensor extends PickleObject {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];

  constructor(
    storage: TorchStorage,
    { offset, shape, strides }: { offset: number; shape: Shape; strides: readonly number[] },
  ) {
    super();
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  override get kind(): string {
    return "a tensor";
  }
}

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
]);

/** Most axes of a tensor. */
const maxAxes = 16;

/** Reads the pickle of a torch file. Throws `CheckpointError` as `readPickle` does, and for impossible tensors. */
export function readTorchPickle(bytes: Uint8Array, { file }: { file: string }): PickleValue {
  return readPickle(bytes, new TorchRules(file), { file });
}

class TorchRules implements PickleRules {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  checkGlobal(name: string): void {
    checkName(name, { file: this.#file });
  }

  reduce({ name }: PickleGlobal, args: readonly PickleValue[]): PickleValue {
    switch (name) {
      case "collections.OrderedDict":
        return new PickleDict();
      case "torch._utils._rebuild_tensor":
      case "torch._utils._rebuild_tensor_v2":
        return this.#tensor(args);
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
    const [tag, type, key, , elements] = id instanceof PickleTuple && id.items.length === 5 ? id.items : [];
    const isStorage = tag === "storage" && type instanceof PickleGlobal && typeof key === "string" &&
      isCount(elements);
    if (!isStorage) return this.#refuse("a storage as persistent id", "something else");
    const dtype = storageTypes.get(type.name);
    // Of a type that no model has (complex, quantized): nothing reads it.
    return dtype ? new TorchStorage({ dtype, key, elements }) : new PickleObject();
  }

  #tensor([storage, offset, size, stride]: readonly PickleValue[]): PickleValue {
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
