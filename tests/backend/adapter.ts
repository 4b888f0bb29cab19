import { findAdapter } from "../../src/backend/webgpu/adapter.ts";

/** Why nothing can be tested on WebGPU here, if so. */
export const missingAdapter: string | undefined = await findAdapter()
  ? undefined
  : "no WebGPU adapter (on Debian: apt-get install mesa-vulkan-drivers)";

if (missingAdapter) console.log(`  no tests on WebGPU on this machine: ${missingAdapter}`);
