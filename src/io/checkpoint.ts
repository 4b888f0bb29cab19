import type { DType } from "../tensor/dtype.ts";
import type { QuantFormat } from "../tensor/quantize.ts";
import type { Shape } from "../tensor/shape.ts";

/** A tensor of a file. */
export interface StoredTensor {
  /** The type of its elements. */
  readonly dtype: DType;
  /** Its shape. */
  readonly shape: Shape;
  /** The size of the elements. */
  readonly bytes: number;
  /** How a weight is stored whose parts are several tensors of the file; it is read as f32. */
  readonly quantized?: QuantFormat;
}

/** A file of named tensors, each read on demand. Disposing it closes the file. */
export interface Checkpoint extends AsyncDisposable {
  /** The path, or `bytes`. */
  readonly name: string;
  /** Format of the file. */
  readonly format: "safetensors" | "torch";
  /** Metadata of the file; `config.json` is the text of a converted model's configuration. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Reads the tensor `name`, row-major, as f32. Throws `CheckpointError` if there is none. */
  read(name: string): Promise<Float32Array>;
}
