import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { backends } from "./backends.ts";
import {
  begun,
  stateBits,
  tinyTokenizer,
  tinyTransformer,
  tokenizerInputs,
  tokenizerTraining,
  transformerInputs,
  transformerTraining,
} from "./tiny.ts";

const test = suite("steps that are not finite");

const n = 2, size = 16;
const steps = {
  transformer: {
    training: () => transformerStep(tinyTransformer, { ...transformerTraining, n }),
    inputs: (step: number): Record<string, HostTensor> => transformerInputs({ n, step }),
    poisoned: "transformer.norm.weight",
  },
  tokenizer: {
    training: () => tokenizerStep(tinyTokenizer, { ...tokenizerTraining, n, size }),
    inputs: (step: number): Record<string, HostTensor> => tokenizerInputs({ n, size, step }),
    poisoned: "loss.discriminator.main.5.weight",
  },
};

for (const [title, open] of backends) {
  for (const [name, { training, inputs, poisoned }] of Object.entries(steps)) {
    // The reference takes a quarter of a minute for it.
    if (name === "tokenizer" && title === "the reference") continue;
    test(`the ${name}'s on ${title} leave all states as they were`, async () => {
      await using backend = open();
      const step = training();
      await using program = await begun(backend, step);
      assert.is((await program.run(inputs(1))).finite!.data[0], 1);
      const { states } = program, healthy = await states.read(poisoned);
      for (const value of [NaN, Infinity]) {
        const ill = { ...healthy, data: healthy.data.slice() } as HostTensor;
        ill.data[3] = value;
        await states.write(poisoned, ill);
        const before = await stateBits(program, step);
        const { finite } = await program.run(inputs(2));
        assert.is(finite!.data[0], 0, `${value}`);
        assert.equal(await stateBits(program, step), before, `${value}`);
      }
      await states.write(poisoned, healthy);
      const before = await stateBits(program, step);
      assert.is((await program.run(inputs(2))).finite!.data[0], 1);
      assert.not.equal(await stateBits(program, step), before);
    });
  }
}

test.run();
