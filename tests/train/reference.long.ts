import { suite } from "uvu";
import { ReferenceBackend } from "../../src/backend/reference/reference_backend.ts";
import { checkTokenizerSteps, tokenizerGoldens, videoGoldens } from "./golden_steps.ts";

const test = suite("training steps on the reference");

for (const name of [...tokenizerGoldens, ...videoGoldens]) {
  test(`${name}: six steps`, async () => {
    await using backend = new ReferenceBackend();
    await checkTokenizerSteps(backend, name, 6);
  });
}

test.run();
