import { suite } from "uvu";
import { checkTokenizer, checkTransformer } from "./resume.ts";

const test = suite("resuming");

test("a tokenizer stopped at every step is the one that was not, and loads as published ones do", () =>
  checkTokenizer(6));
test("a transformer, too", () => checkTransformer(6));

test.run();
