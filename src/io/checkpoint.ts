import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";

/** A file of named tensors, each read when it is asked for. Disposing closes the file. */
export interface Checkpoint extends AsyncDisposable {
  /** The path, or `bytes`. */
  readonly name: string;
  /** Format of the file. */
  readonly format: "safetensors" | "torch";
  /** What the file says beside its tensors; `config.json` is the text of a converted model's configuration. */
  readonly metadata: Readonly<Record<string, string>>;
  /** By name. `bytes` is what the elements take, densely. */
  readonly tensors: ReadonlyMap<
    string,
    { readonly dtype: DType; readonly shape: Shape; readonly bytes: number }
  >;
  /** The tensor `name`, row-major, in f32. Throws `CheckpointError` where there is none. */
  read(name: string): Promise<Float32Array>;
}
