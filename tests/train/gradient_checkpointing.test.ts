import { suite } from "uvu";
import * as assert from "uvu/assert";
import { trainingKernels } from "../../src/backend/wasm/training.ts";
import { WasmBackend } from "../../src/backend/wasm/wasm_backend.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { tokenizerStep } from "../../src/train/tokenizer_step.ts";
import type { TrainingStep } from "../../src/train/training_step.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
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

const test = suite("gradient checkpointing");

const n = 4, size = 32;
const stages: Record<string, {
  readonly make: (gradientCheckpointing: boolean) => TrainingStep;
  readonly inputs: (step: number) => Record<string, HostTensor>;
  /** The share of memory that is left at most. */
  readonly most: number;
}> = {
  transformer: {
    make: (gradientCheckpointing) =>
      transformerStep({ ...tinyTransformer, layers: 6, factorizedLayers: 4 }, {
        ...transformerTraining,
        n,
        gradientCheckpointing,
      }),
    inputs: (step) => transformerInputs({ n, step }),
    most: 0.4,
  },
  tokenizer: {
    make: (gradientCheckpointing) =>
      tokenizerStep({ ...tinyTokenizer, numResBlocks: 2 }, {
        ...tokenizerTraining,
        n,
        size,
        gradientCheckpointing,
      }),
    inputs: (step) => tokenizerInputs({ n, size, step }),
    most: 0.8,
  },
};

for (const [stage, { make, inputs, most }] of Object.entries(stages)) {
  test(`of the ${stage}'s blocks: the same steps to the bit, in less memory`, async () => {
    await using backend = new WasmBackend({ threads: 2, training: trainingKernels });
    const results = [];
    for (const gradientCheckpointing of [false, true]) {
      const training = make(gradientCheckpointing);
      await using program = await begun(backend, training);
      const logs = [];
      for (const step of [1, 2]) logs.push(await program.run(inputs(step)));
      const bytes = program.stats.arenaBytes;
      results.push({ bytes, logs, bits: await stateBits(program, training) });
    }
    const [whole, saving] = results as [typeof results[0], typeof results[0]];
    const share = saving!.bytes / whole!.bytes;
    assert.ok(share <= most, `${whole!.bytes} → ${saving!.bytes} bytes`);
    assert.equal(saving!.logs, whole!.logs);
    assert.equal(saving!.bits, whole!.bits);
  });
}

test.run();
