import { suite } from "uvu";
import { missingAdapter } from "./adapter.ts";
import { survivesLoss } from "./webgpu_loss.ts";

const test = suite("a lost device, fifty times");
const each = missingAdapter ? test.skip : test;

each("each fails one run", () => survivesLoss(50, { keepWeights: true }));

test.run();
