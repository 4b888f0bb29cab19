import {
  type Backend,
  type Cancellable,
  type OnProgress,
  type WeightFormat,
  weightFormatNames,
} from "../backend/backend.ts";
import { type BackendName, backendNames, maxThreads } from "../backend/select.ts";
import { callback, cancellable, flag, type Kinds, oneOf, wholeNumber } from "../tensor/options.ts";

/** How a model is run. */
export interface RuntimeOptions extends Cancellable {
  /** A backend by name (default `auto`), or one that you made. The latter is not disposed with the model. */
  backend?: BackendName | Backend;
  /** Threads of a backend that is chosen by name; default: one for each processor. */
  threads?: number;
  /**
   * Storage format of a transformer's matrices: `f32`, `f16`, `q8` (default) or `q4`. The keys and values of earlier
   * tokens are stored as f16 unless this is `f32`. Weights of tokenizers keep the precision of their checkpoint.
   */
  weights?: WeightFormat;
  /** Called with the bytes that have been loaded, after each weight, and before that with those that are downloaded. */
  onProgress?: OnProgress;
  /**
   * Whether a model from a network is downloaded and kept for the next time (default). If not, only the parts that
   * are needed are fetched, each time.
   */
  cache?: boolean;
}

const backendName = oneOf(backendNames);

/** The kinds of the options of how a model is run. */
export const runtimeKinds: Kinds<RuntimeOptions> = {
  backend: {
    ...backendName,
    expected: `a backend or ${backendName.expected}`,
    fits: (value) => backendName.fits(value) || typeof (value as Backend | null)?.compile === "function",
  },
  threads: wholeNumber(1, maxThreads),
  weights: oneOf(weightFormatNames),
  onProgress: callback,
  cache: flag,
  ...cancellable,
};
