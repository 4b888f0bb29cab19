import { unpackBase64 } from "../../io/base64.ts";
import { BackendError } from "../../tensor/errors.ts";
import { checkKind, oneOf, wasmModule } from "../../tensor/options.ts";
import type { Variant } from "./features.ts";

/**
 * A build of the kernels: what loads the module of each variant, compressed and in base64. Each variant lies in a file of its own, so
 * that a page fetches only the one that it runs.
 */
export type KernelBuild = Readonly<Record<Variant, () => Promise<{ readonly kernels: string }>>>;

/** The kernels that inference needs. */
export const inferenceBuild: KernelBuild = {
  threads: () => import("./_generated_threads.ts"),
  relaxed: () => import("./_generated_relaxed.ts"),
  simd: () => import("./_generated_simd.ts"),
};

const variants = oneOf(Object.keys(inferenceBuild));

const compiled = new Map<KernelBuild[Variant], Promise<WebAssembly.Module>>();

/** Gives the compiled module of a variant for inference, for hosts that compile no WebAssembly while they run. */
export function provideKernels(variant: Variant, module: WebAssembly.Module): void {
  checkKind(variant, variants, "Cannot provide the kernels: variant");
  checkKind(module, wasmModule, "Cannot provide the kernels: module");
  compiled.set(inferenceBuild[variant], Promise.resolve(module));
}

/** The bytes of a variant for inference as a `.wasm` file, which a host compiles before it gives them to `provideKernels`. */
export async function kernelBytes(variant: Variant): Promise<Uint8Array<ArrayBuffer>> {
  checkKind(variant, variants, "Cannot read the kernels: variant");
  return await bytesOf(inferenceBuild[variant]);
}

/** The compiled module of a variant, compiled once. Rejects with `BackendError` where the host does not allow it. */
export function kernelModule(
  variant: Variant,
  build: KernelBuild = inferenceBuild,
): Promise<WebAssembly.Module> {
  const load = build[variant];
  let module = compiled.get(load);
  if (!module) {
    module = compile(variant, load);
    compiled.set(load, module);
    // What failed may succeed later, for example once the network is back.
    module.catch(() => compiled.delete(load));
  }
  return module;
}

async function compile(variant: Variant, load: KernelBuild[Variant]): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await bytesOf(load));
  } catch (cause) {
    throw new BackendError(`Cannot compile the kernels, variant ${variant}`, {
      got: String(cause),
      hint: "allow the host to compile WebAssembly, for example by its content security policy",
      cause,
    });
  }
}

async function bytesOf(load: KernelBuild[Variant]): Promise<Uint8Array<ArrayBuffer>> {
  return await unpackBase64((await load()).kernels);
}
