import { suite } from "uvu";
import { adapterFacts, findAdapter } from "../../../src/backend/webgpu/adapter.ts";
import { checkTokenizer, checkTransformer } from "./resume.ts";

const test = suite("resuming, at every step of 20");
const adapter = await findAdapter();
const halves = adapter && adapterFacts(adapter).f16 ? test : test.skip;

test("a tokenizer", () => checkTokenizer(20));
test("a transformer", () => checkTransformer(20));
halves("a tokenizer in mixed precision", () => checkTokenizer(20, { backend: "webgpu", precision: "f16" }));

test.run();
