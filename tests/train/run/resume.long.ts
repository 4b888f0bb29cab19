import { suite } from "uvu";
import { checkTokenizer, checkTransformer } from "./resume.ts";
import { missingF16 } from "../../backend/adapter.ts";
import { skipIf } from "../../support/skip.ts";

const test = suite("resuming, at every step of 20");
const f16Test = skipIf(missingF16, test);

test("a tokenizer", () => checkTokenizer(20));
test("a transformer", () => checkTransformer(20));
f16Test("a tokenizer in mixed precision", () => checkTokenizer(20, { backend: "webgpu", precision: "f16" }));

test.run();
