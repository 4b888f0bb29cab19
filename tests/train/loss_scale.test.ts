import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32Tensor } from "../../src/tensor/tensor.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { backends } from "./backends.ts";
import { begun, stateBits, tinyTransformer, transformerInputs, transformerTraining } from "./tiny.ts";

const test = suite("scales of losses");

const n = 2;
const make = (lossScale?: { initial: number; growthInterval: number }) =>
  transformerStep(tinyTransformer, { ...transformerTraining, n, lossScale });

for (const [title, open] of backends) {
  test(`on ${title} change no bit of a step, and adapt`, async () => {
    await using backend = open();
    const plain = make(), scaled = make({ initial: 1024, growthInterval: 3 });
    await using expected = await begun(backend, plain);
    await using program = await begun(backend, scaled);
    const name = "transformer.norm.weight", factors = [];
    for (const step of [1, 2, 3, 4, 5, 6, 7]) {
      const inputs = transformerInputs({ n, step }), sick = step === 5;
      const healthy = await program.states.read(name);
      if (sick) {
        await program.states.write(
          name,
          f32Tensor(healthy.shape, new Float32Array(healthy.data.length).fill(NaN)),
        );
      } else await expected.run(inputs);
      const { finite, loss_scale } = await program.run(inputs);
      assert.is(finite!.data[0], sick ? 0 : 1);
      factors.push(loss_scale!.data[0]);
      if (sick) await program.states.write(name, healthy);
    }
    // Doubled after three good steps, halved by the fifth, which also begins a new count.
    assert.equal(factors, [1024, 1024, 2048, 2048, 1024, 1024, 1024]);
    const bits = await stateBits(program, scaled);
    for (const [state, words] of Object.entries(await stateBits(expected, plain))) {
      assert.equal(bits[state], words, state);
    }
  });

  test(`on ${title} come down from where losses are infinite`, async () => {
    await using backend = open();
    const training = make({ initial: 2 ** 127, growthInterval: 1 });
    await using program = await begun(backend, training);
    const results = [];
    for (const step of [1, 2]) results.push(await program.run(transformerInputs({ n, step })));
    assert.equal(results.map(({ finite }) => finite!.data[0]), [0, 1]);
    assert.equal(results.map(({ loss_scale }) => loss_scale!.data[0]), [2 ** 24, 2 ** 24]);
  });
}

test.run();
