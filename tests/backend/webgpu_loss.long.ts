import { suite } from "uvu";
import { missingAdapter } from "./adapter.ts";
import { survivesLoss } from "./webgpu_loss.ts";
import { skipIf } from "../support/skip.ts";

const test = suite("a lost device, fifty times");
const each = skipIf(missingAdapter, test);

each("each fails one run", () => survivesLoss(50, { keepWeights: true }));

test.run();
