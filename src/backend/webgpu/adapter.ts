import { quietMesa } from "./quiet_mesa.ts";

/** What an adapter is and offers. */
export interface AdapterFacts {
  readonly name: string;
  /** Whether it is a software adapter, which runs on the CPU. */
  readonly software: boolean;
  /** Whether shaders can compute in f16. */
  readonly f16: boolean;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
}

/** The adapter that runs programs: the high-performance one if there are two. Undefined without WebGPU. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  quietMesa();
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

/** Whether an adapter is software: it reports so, or has the name of a known software adapter. */
export function isSoftware(
  { description, device, architecture, vendor, isFallbackAdapter }: GPUAdapterInfo,
): boolean {
  const name = [description, device, architecture, vendor].join(" ");
  return Boolean(isFallbackAdapter) || /llvmpipe|swiftshader|lavapipe|basic render/i.test(name);
}
