/** What an adapter is and offers. */
export interface AdapterFacts {
  readonly name: string;
  /** Whether it is the processor pretending to be a GPU. */
  readonly software: boolean;
  /** Whether shaders can compute in f16. */
  readonly f16: boolean;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
}

/** The adapter that runs programs: the fast one of two. Nothing where WebGPU is not there. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  const request = globalThis.navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return await request?.catch(() => null) ?? undefined;
}

/** Describes an adapter. */
export function adapterFacts({ info, features, limits }: GPUAdapter): AdapterFacts {
  const { vendor, architecture, device, description } = info;
  return {
    name: description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed",
    software: isSoftware(info),
    f16: features.has("shader-f16"),
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
  };
}

/** Whether an adapter is software: it says so itself, or bears the name of a known one. */
export function isSoftware(
  { description, device, architecture, vendor, isFallbackAdapter }: GPUAdapterInfo,
): boolean {
  const name = [description, device, architecture, vendor].join(" ");
  return Boolean(isFallbackAdapter) || /llvmpipe|swiftshader|lavapipe|basic render/i.test(name);
}
