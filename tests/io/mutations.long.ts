import { suite } from "uvu";
import { checkMutants, mutants } from "./mutations.ts";

const test = suite("a million mutated checkpoints");

const runs = 170_000;

for (const kind of Object.keys(mutants)) {
  test(`${runs} mutants by ${kind}: typed errors only, quickly`, async () =>
    void await checkMutants(kind, runs));
}

test.run();
