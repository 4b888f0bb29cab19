import { adapterFacts, findAdapter } from "../../src/backend/webgpu/adapter.ts";

const adapter = await findAdapter();

/** Why nothing can be tested on WebGPU on this machine, if so. */
export const missingAdapter: string | undefined = adapter
  ? undefined
  : "no WebGPU adapter (on Debian: apt-get install mesa-vulkan-drivers)";

/** Why nothing can be tested in f16 on WebGPU on this machine, if so. */
export const missingF16: string | undefined = adapter && adapterFacts(adapter).f16
  ? undefined
  : missingAdapter ?? "the WebGPU adapter has no shader-f16";
