import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkMutants, mutants } from "./mutations.ts";

const test = suite("mutated checkpoints");

const runs = 4000;

for (const kind of Object.keys(mutants)) {
  test(`${runs} mutants by ${kind}: typed errors only, quickly`, async () => {
    const { accepted } = await checkMutants(kind, runs);
    // Otherwise the mutations would be so crude that nothing behind the first check is reached.
    assert.ok(accepted > 0, "none was accepted");
  });
}

test.run();
