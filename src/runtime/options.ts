import type { Backend, Cancellable, OnProgress, WeightFormat } from "../backend/backend.ts";
import type { BackendName } from "../backend/select.ts";

/** How a model is run. */
export interface RuntimeOptions extends Cancellable {
  /** A backend by name (default `auto`), or one that you made. The latter is not disposed with the model. */
  backend?: BackendName | Backend;
  /** Threads of a backend that is chosen by name; default: one for each processor. */
  threads?: number;
  /**
   * Storage format of a transformer's matrices: `f32`, `f16`, `q8` (default) or `q4`. The keys and values of earlier tokens
   * are stored as f16 unless this is `f32`. Weights of tokenizers keep the precision of their checkpoint.
   */
  weights?: WeightFormat;
  /** Called with the bytes that have been loaded, after each weight. */
  onProgress?: OnProgress;
}
