import { suite } from "uvu";
import { backends } from "../train/backends.ts";
import { checkSharedStates } from "./shared_states.ts";

const test = suite("shared states");

for (const [title, open] of backends) test(`on ${title}`, () => checkSharedStates(open));

test.run();
