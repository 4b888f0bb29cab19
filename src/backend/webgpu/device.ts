import { BackendError } from "../../tensor/errors.ts";
import { findAdapter } from "./adapter.ts";

/** Limits that are requested at the adapter's maximum. */
const limits = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupSizeX",
] as const;

/** Optional features that are used if available: to store f16, and to time programs. */
const features = ["shader-f16", "timestamp-query"] as const;

/** Opens a device with the adapter's limits and features. Throws `BackendError` if there is no adapter. */
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
