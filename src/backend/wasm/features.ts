import { nodeWorkers } from "../../io/host.ts";
import { ArgumentError, BackendError } from "../../tensor/errors.ts";

/** The builds of the kernels, best first: `threads` also has relaxed SIMD, `simd` works wherever there is SIMD. */
export type Variant = "threads" | "relaxed" | "simd";

/** What an engine offers to the kernels. */
export interface Features {
  /** 128-bit vectors in WASM. */
  readonly simd: boolean;
  /** Fused multiply-add and int8 dot products on them. */
  readonly relaxedSimd: boolean;
  /** Atomics, and memory that workers may share. */
  readonly sharedMemory: boolean;
  /** Workers that can be started from a module. */
  readonly workers: boolean;
}

const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One function of the type v128 → v128. */
const vectorFunction = [...header, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0];
/** One function of the type () → (), and a shared memory of one page. */
const sharedFunction = [...header, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 4, 1, 3, 1, 1];

/** Modules that are valid only where the engine knows what they use. */
const probes = {
  // local.get 0, local.get 0, f32x4.add
  simd: [...vectorFunction, 10, 11, 1, 9, 0, 0x20, 0, 0x20, 0, 0xfd, 0xe4, 1, 0x0b],
  // local.get 0, three times, f32x4.relaxed_madd
  relaxed: [...vectorFunction, 10, 13, 1, 11, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x0b],
  // i32.const 0, i32.atomic.load, drop
  threads: [...sharedFunction, 10, 11, 1, 9, 0, 0x41, 0, 0xfe, 0x10, 2, 0, 0x1a, 0x0b],
} as const;

/** What this engine offers. */
export function detectFeatures(): Features {
  return {
    simd: valid(probes.simd),
    relaxedSimd: valid(probes.relaxed),
    sharedMemory: valid(probes.threads) && sharesMemory(),
    workers: nodeWorkers() !== undefined || typeof Worker === "function",
  };
}

/** What a backend is to run on: a build of the kernels and a number of threads. */
export interface Choice {
  readonly variant: Variant;
  readonly threads: number;
}

/**
 * The best variant that `features` allow, and how many threads run it: as many as wanted, or as the machine has where
 * they can share memory; else one, the caller's own.
 *
 * Throws `BackendError` where SIMD, or what a wanted variant or several wanted threads need, is missing, and
 * `ArgumentError` for a number of threads that the variant cannot have.
 */
export function chooseVariant(
  features: Features,
  { variant, threads, processors }: { variant?: Variant; threads?: number; processors: number },
): Choice {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 256)) {
    throw new ArgumentError("Cannot start the WASM backend: threads", {
      expected: "a whole number from 1 to 256",
      got: String(threads),
    });
  }
  const best = available(features)[0];
  if (best === undefined) {
    throw new BackendError("Cannot start the WASM backend", {
      expected: "an engine that runs WebAssembly SIMD",
      got: "one without it",
      hint:
        'use Deno, Node 16.4, Chrome 91, Firefox 89, Safari 16.4 or later, or take `backend: "reference"`',
    });
  }
  if (variant && !available(features).includes(variant)) {
    throw new BackendError(`Cannot start the WASM backend: variant ${variant}`, {
      expected: needs[variant],
      got: "an engine without it",
      hint: `leave the choice to the backend, which takes ${best} here`,
    });
  }
  const chosen = variant ?? best;
  if (chosen === "threads") return { variant: chosen, threads: threads ?? Math.max(1, processors) };
  if (threads !== undefined && threads > 1) throw noThreads(threads, variant);
  return { variant: chosen, threads: 1 };
}

function noThreads(threads: number, variant: Variant | undefined): Error {
  if (variant) {
    return new ArgumentError(`Cannot start the WASM backend: threads of variant ${variant}`, {
      expected: "1",
      got: String(threads),
      hint: "only the variant threads can share its memory",
    });
  }
  return new BackendError(`Cannot start the WASM backend with ${threads} threads`, {
    expected: needs.threads,
    got: "an engine or a page without them",
    hint: "serve the page with the headers of cross-origin isolation (COOP and COEP), or leave threads out",
  });
}

const needs: Readonly<Record<Variant, string>> = {
  threads: "relaxed SIMD, shared memory and workers",
  relaxed: "relaxed SIMD",
  simd: "SIMD",
};

function available({ simd, relaxedSimd, sharedMemory, workers }: Features): Variant[] {
  if (!simd) return [];
  if (!relaxedSimd) return ["simd"];
  return sharedMemory && workers ? ["threads", "relaxed", "simd"] : ["relaxed", "simd"];
}

function valid(module: readonly number[]): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from(module));
}

/** Pages that are not isolated from others may make shared memory, but not hand it to a worker. */
function sharesMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined" || globalThis.crossOriginIsolated === false) return false;
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof
      SharedArrayBuffer;
  } catch {
    return false;
  }
}
