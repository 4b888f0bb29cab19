import { suite } from "uvu";
import { trainingShaders } from "../../src/backend/webgpu/training.ts";
import { WebGpuBackend } from "../../src/backend/webgpu/webgpu_backend.ts";
import { missingAdapter } from "./adapter.ts";
import { checkForms, checkWrong } from "./arguments.ts";

const test = suite("arguments of the WebGPU backend");
const here = missingAdapter ? test.skip : test, open = () => new WebGpuBackend({ training: trainingShaders });

here("gives the same for every list of the same numbers", () => checkForms(open));
here("refuses wrong arguments by name", () => checkWrong(open));

test.run();
