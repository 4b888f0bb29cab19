import { BackendError } from "../../tensor/errors.ts";
import { findAdapter } from "./adapter.ts";

/** Limits that kernels and buffers may want at their maximum. */
const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupSizeX",
] as const;

/** What is made use of where it is there: to store f16, and to time programs. */
const features = ["shader-f16", "timestamp-query"] as const;

/** Opens a device with all that the adapter has. Throws `BackendError` where there is none. */
export async function openDevice(): Promise<GPUDevice> {
  const adapter = await findAdapter();
  if (!adapter) {
    throw new BackendError("Cannot use WebGPU", {
      expected: "an adapter",
      got: globalThis.navigator?.gpu ? "none" : "an engine without WebGPU",
      hint:
        "install a GPU's driver (on Debian, mesa-vulkan-drivers has one in software), or use the WASM backend",
    });
  }
  try {
    return await adapter.requestDevice({
      label: "voken",
      requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
      requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
    });
  } catch (cause) {
    throw new BackendError("Cannot use WebGPU: the adapter gives no device", {
      got: cause instanceof Error ? cause.message : String(cause),
      hint: "try again, or use the WASM backend",
      cause,
    });
  }
}
