import { BackendError } from "../../tensor/errors.ts";

/** What is used of the modules onnxruntime-web and onnxruntime-node. */
export interface OrtRuntime {
  /** Settings of all sessions; `wasm` in onnxruntime-web alone. */
  readonly env: { readonly wasm?: { numThreads?: number } };
  /** Makes sessions from the bytes of models. */
  readonly InferenceSession: {
    create(model: Uint8Array, options?: OrtSessionOptions): Promise<OrtSession>;
  };
  /** Tensors on the host. */
  readonly Tensor: {
    new (type: "float32", data: Float32Array, dims: readonly number[]): OrtTensor;
    new (type: "float16", data: Uint16Array, dims: readonly number[]): OrtTensor;
    new (type: "int64", data: BigInt64Array, dims: readonly number[]): OrtTensor;
  };
}

/** Options of a session. */
export interface OrtSessionOptions {
  /** Execution providers, the one to try first in front. */
  // deno-lint-ignore no-explicit-any -- Each has options of its own.
  executionProviders?: any[];
  /** Threads within an op. */
  intraOpNumThreads?: number;
  /** The least severe messages that are logged: 0 is all, 4 those of fatal errors. */
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
}

/** A model, ready to run. */
export interface OrtSession {
  /** Runs the model on inputs by name; resolves to its outputs by name. */
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  /** Frees the model. */
  release(): Promise<void>;
}

/** A tensor of the runtime. */
export interface OrtTensor {
  /** The shape. */
  readonly dims: readonly number[];
  /** The elements, row-major. */
  // deno-lint-ignore no-explicit-any -- Arrays of all types, also of those that are never used here.
  readonly data: any;
}

/** Packages that are a runtime, the native one first. */
const packages: readonly string[] = ["onnxruntime-node", "onnxruntime-web"];

/**
 * Imports an installed runtime. The specifier is not a literal: this package does not depend on a runtime, so nothing may fetch
 * or bundle one for those who do not use it. Throws `BackendError` if there is none.
 */
export async function importRuntime(): Promise<OrtRuntime> {
  let cause: unknown;
  for (const name of packages) {
    try {
      return await import(name) as OrtRuntime;
    } catch (error) {
      cause = error;
    }
  }
  throw new BackendError("Cannot use the backend ort", {
    expected: `an installed ${packages.join(" or ")}`,
    got: "none",
    hint:
      "run npm install onnxruntime-web, or deno add npm:onnxruntime-web; in a bundle, import it and give new OrtBackend({ runtime })",
    cause,
  });
}
