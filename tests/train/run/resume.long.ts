import { suite } from "uvu";
import { checkTokenizer, checkTransformer } from "./resume.ts";

const test = suite("resuming, at every step of 20");

test("a tokenizer", () => checkTokenizer(20));
test("a transformer", () => checkTransformer(20));

test.run();
