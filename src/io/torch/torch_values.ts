import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { PickleObject } from "./pickle_values.ts";

/** A storage, whose elements are outside of the pickle: in another file of the zip, or after the pickle. */
export class TorchStorage extends PickleObject {
  readonly dtype: DType;
  /** Its name; in a zip its file is `data/<key>`. */
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

/** A view of a storage. Offset and strides are in elements; the view is within the storage. */
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
