import { suite } from "uvu";
import * as assert from "uvu/assert";
import { f32Tensor, type HostTensor, u32Tensor } from "../../src/tensor/tensor.ts";
import { tokenizerStep } from "../../src/train/tokenizer_step.ts";
import { microbatchInput } from "../../src/train/accumulate_gradients.ts";
import type { TrainingProgram } from "../../src/train/training_program.ts";
import type { TrainingStep } from "../../src/train/training_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { nmse } from "../golden/golden.ts";
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

const test = suite("microbatches");

type Inputs = Record<string, HostTensor>;

const n = 6, microbatches = 3, size = 16;
/** Stages that do the same with a whole batch and with microbatches: no dropout, no batch statistics. */
const stages: Record<string, {
  readonly make: (extent: { n: number; microbatches?: number }) => TrainingStep;
  readonly inputs: (step: number) => Inputs;
  /** The inputs that hold the batch. */
  readonly batched: readonly string[];
}> = {
  transformer: {
    make: (extent) =>
      transformerStep(tinyTransformer, { ...transformerTraining, dropout: 0, classDropout: 0, ...extent }),
    inputs: (step) => transformerInputs({ n, step }),
    batched: ["classes", "pre", "post"],
  },
  tokenizer: {
    make: (extent) =>
      tokenizerStep(tinyTokenizer, {
        ...tokenizerTraining,
        discriminator: {
          kind: "blur",
          channels: 32,
          stages: 1,
          loss: "hinge",
          lecamWeight: 0,
          generatorWeight: 0.1,
        },
        entropyWeight: 0,
        size,
        ...extent,
      }),
    inputs: (step) => tokenizerInputs({ n, size, step }),
    batched: ["x"],
  },
};

/** The inputs of a microbatch: of those that hold the batch, some of the images. */
function microbatch(inputs: Inputs, batched: readonly string[], index: number): Inputs {
  const each = n / microbatches;
  const cut = (tensor: HostTensor) => {
    const row = tensor.data.length / n, shape = [each, ...tensor.shape.slice(1)];
    const data = tensor.data.slice(index * each * row, (index + 1) * each * row);
    return data instanceof Uint32Array ? u32Tensor(shape, data) : f32Tensor(shape, data);
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, batched.includes(name) ? cut(tensor) : tensor]),
  );
}

for (const [title, open] of backends) {
  for (const [stage, { make, inputs, batched }] of Object.entries(stages)) {
    // The reference takes a minute for it.
    if (stage === "tokenizer" && title === "the reference") continue;
    test(`the ${stage}'s on ${title}: three microbatches are a step of the whole batch`, async () => {
      await using backend = open();
      const once = make({ n }), split = make({ n: n / microbatches, microbatches });
      await using whole = await begun(backend, once);
      await using program = await begun(backend, split);
      for (const step of [1, 2]) {
        const given = inputs(step), result = await whole.run(given);
        const cut = Array.from({ length: microbatches }, (_, i) => microbatch(given, batched, i));
        const found = await program.run(...cut);
        assert.is(found.finite!.data[0], 1);
        const loss = (found.loss ?? found.total_loss)!.data[0]!;
        const expectedLoss = (result.loss ?? result.total_loss)!.data[0]!;
        assert.ok(Math.abs(loss / expectedLoss - 1) < 1e-5, `${loss}, ${expectedLoss}`);
        const norm = (found.grad_norm ?? found.grad_norm_generator)!.data[0]!;
        const expected = (result.grad_norm ?? result.grad_norm_generator)!.data[0]!;
        assert.ok(Math.abs(norm / expected - 1) < 1e-4, `${norm}, ${expected}`);
      }
      for (const name of once.parameters.keys()) {
        const optimizer = name.startsWith("loss.") ? "adam_discriminator" : "adam";
        for (const [state, most] of [[name, 1e-7], [`${optimizer}.m.${name}`, 1e-6]] as const) {
          const [a, b] = await Promise.all([whole, program].map((each) => each.states.read(state)));
          const error = nmse(b!.data, a!.data);
          assert.ok(error <= most, `${state}: NMSE ${error}`);
        }
      }
    });
  }

  test(`a microbatch on ${title} that is not finite spoils only its step`, async () => {
    await using backend = open();
    const { make, inputs, batched } = stages.transformer!,
      training = make({ n: n / microbatches, microbatches });
    await using program = await begun(backend, training);
    await using healthy = await begun(backend, training);
    await step(program, 1, { poisoned: 1 });
    const before = await stateBits(healthy, training), after = await stateBits(program, training);
    for (const name of Object.keys(before)) assert.equal(after[name], before[name], name);
    for (const each of [program, healthy]) await step(each, 2, {});
    assert.equal(await stateBits(program, training), await stateBits(healthy, training));

    async function step(
      program: TrainingProgram,
      step: number,
      { poisoned }: { poisoned?: number },
    ): Promise<void> {
      const name = "transformer.norm.weight", { states } = program, weight = await states.read(name);
      for (let i = 0; i < microbatches; i++) {
        const value = f32Tensor(weight.shape, weight.data.slice() as Float32Array);
        if (i === poisoned) value.data[0] = NaN;
        await states.write(name, value);
        await program.gradients.run({ ...microbatch(inputs(step), batched, i), ...microbatchInput(i) });
        const nonfinite = await states.read("grad.nonfinite");
        assert.is(nonfinite.data[0], poisoned !== undefined && i >= poisoned ? 1 : 0);
      }
      await states.write(name, weight);
      const { finite } = await program.application.run(inputs(step));
      assert.is(finite!.data[0], poisoned === undefined ? 1 : 0);
    }
  });
}

test.run();
