import { suite } from "uvu";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "./adapter.ts";
import { checkSharedStates } from "./shared_states.ts";

const test = suite("shared states on WebGPU");

(missingAdapter ? test.skip : test)(
  "on WebGPU",
  () => checkSharedStates(() => new WebGpuBackend({ training: trainingShaders })),
);

test.run();
