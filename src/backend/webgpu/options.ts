import { callback, flag, type Kinds, numberFrom, oneOf, record } from "../../tensor/options.ts";
import type { ActivationFormat } from "../backend.ts";
import type { TrainingShaders } from "./lowering.ts";
import type { Tiling } from "./tiles.ts";

/** How a WebGPU backend is set up. */
export interface WebGpuOptions {
  /** Your own device, which the backend never destroys. By default the backend opens one. */
  readonly device?: GPUDevice;
  /**
   * Whether a copy of the weights, as they are on the device, stays in host memory (default). With it, a lost device is
   * replaced without reading the weights again; without it, their source must still be readable then.
   */
  readonly keepWeights?: boolean;
  /**
   * How what is computed on the way from inputs to outputs is stored: `f32` (default), or `f16`, which takes half of the memory
   * and its traffic where the device has `shader-f16`. Sums are f32 in either case, as are inputs, outputs, statistics
   * and states that are not f16 themselves. A program may be compiled for the other, see `CompileOptions`.
   */
  readonly activations?: ActivationFormat;
  /** What training programs need: `trainingShaders` of `training.ts`. Without it they throw `BackendError`. */
  readonly training?: TrainingShaders;
  /** Floating-point operations that one submit does at most; by default what the device does in a quarter of a second. */
  readonly flopPerSubmit?: number;
}

/** Replacements for parts of the backend. */
export interface WebGpuParts {
  /** How products are tiled. By default this depends on the kind of adapter. */
  readonly tiling?: Tiling;
  /** Opens a device, in place of the system's adapter. */
  readonly open?: () => Promise<GPUDevice>;
  /** Maximum bytes of a binding and of a buffer, if lower than the device's limits. */
  readonly limits?: { readonly binding: number; readonly buffer: number };
  /** Guards all buffers, to detect kernels that write out of bounds. */
  readonly guarded?: boolean;
  /** Least bytes of an arena that is freed when no program needed it for `time` milliseconds. */
  readonly idle?: { readonly bytes: number; readonly time: number };
}

/** The kinds of `WebGpuOptions`. */
export const webGpuKinds: Kinds<WebGpuOptions> = {
  device: record,
  keepWeights: flag,
  activations: oneOf(["f32", "f16"]),
  training: record,
  flopPerSubmit: numberFrom(1, Infinity),
};

/** The kinds of `WebGpuParts`. */
export const webGpuPartsKinds: Kinds<WebGpuParts> = {
  tiling: oneOf(["staged", "direct"]),
  open: callback,
  limits: record,
  guarded: flag,
  idle: record,
};
