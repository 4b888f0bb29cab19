import { suite } from "uvu";
import { failureNames, survives } from "./failures.ts";

const test = suite("workers that fail, a hundred times");

for (const name of failureNames) test(`a worker's ${name} fails one run each`, () => survives(name, 100));

test.run();
