import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** A file of named tensors, each read on demand. Disposing it closes the file. */
export interface Checkpoint extends AsyncDisposable {
  /** The path, or `bytes`. */
  readonly name: string;
  /** Format of the file. */
  readonly format: "safetensors" | "torch";
  /** Metadata of the file; `config.json` is the text of a converted model's configuration. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By name. `bytes` is the size of the elements. */
  readonly tensors: ReadonlyMap<
    string,
    { readonly dtype: DType; readonly shape: Shape; readonly bytes: number }
  >;
  /** Reads the tensor `name`, row-major, as f32. Throws `CheckpointError` if there is none. */
  read(name: string): Promise<Float32Array>;
}
