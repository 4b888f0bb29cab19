import * as steps from "../../src/train/steps.ts";
import * as training from "../../src/train/mod.ts";
import { tinyTokenizer } from "../train/run/tiny.ts";
import * as tiny from "../train/tiny.ts";
import { argument, number, options, path, type Row } from "./argument.ts";
import type { Fixtures } from "./fixtures.ts";

const weights = ["1", -1, NaN], shares = ["1", -1, 2], wholes = [0, "2", 1.5], flags = [1, "yes"];
const update = {
  adam: [undefined, 5, {}, { beta1: 2, beta2: 0.9 }, { beta1: 0.9 }],
  emaDecay: shares,
  weightDecay: weights,
  weightDecayOn: ["biases", 5],
  clip: weights,
  microbatches: wholes,
  lossScale: [5, {}, { initial: 0, growthInterval: 1 }, { initial: 2, growthInterval: 0 }],
  gradientCheckpointing: flags,
};
const discriminator = { kind: "patch", loss: "hinge", lecamWeight: 0, ndf: 8, layers: 1 };
const stage = { stage: ["both", 5, undefined], file: [5] };

/** Configurations that cannot be. */
const noRuns = [5, "run.json", {}, [], { stage: "both" }, { stage: "tokenizer" }];

/** The exports of `train`. */
export function trainRows({ backend }: Fixtures): Record<string, Row> {
  const run = tinyTokenizer("images.npz");
  const runs = (names: RegExp) => argument(run, names, { wrong: noRuns });
  return {
    train: {
      // There are no such images, which is found after the check.
      args: [
        runs(/Cannot train: /),
        options({ folder: "run", backend }, {
          ...{ folder: [undefined, 5, ""], resume: [1], signal: [5], backend: [5, {}, "wasm"] },
          ...{ onEncoded: [5], onDamaged: [5], onStep: [5], onRecord: [5], fileSystem: [5] },
        }, { optional: false }),
      ],
      call: (run, options) => training.train(run, options),
    },
    overfitting: {
      args: [runs(/overfit/), number(2, /images/, [0, 1.5])],
      call: (run, images) => training.overfitting(run, images),
    },
    withScaledLearningRate: {
      args: [runs(/scale the learning rate/)],
      call: (run) => void training.withScaledLearningRate(run),
    },
    parseRun: {
      args: [
        argument(run, /Cannot train: /, { wrong: noRuns.slice(0, 5) }),
        options({ stage: "tokenizer" }, stage, {
          optional: false,
        }),
      ],
      call: (value, options) => training.parseRun(value, options),
    },
    readRun: {
      args: [
        path("laptop-tokenizer", /source/),
        argument("tokenizer", /stage/, { wrong: ["both", 5, {}, []] }),
        options({ data: "images" }, { data: [5, "", []] }),
      ],
      call: (source, stage, options) => training.readRun(source, stage, options),
    },
    readPreset: {
      args: [argument("AR_256_B", /configuration/, { wrong: [5, {}, [], "AR_256"] })],
      call: (name) => training.readPreset(name),
    },
    readMetrics: { args: [path("run", /folder/)], call: (folder) => training.readMetrics(folder) },
  };
}

/** The exports of `train/steps`. */
export async function stepRows({ backend }: Fixtures): Promise<Record<string, Row>> {
  const { tinyTransformer: model, transformerTraining, tinyTokenizer: tokenizer, tokenizerTraining } = tiny;
  const step = steps.transformerStep(model, { ...transformerTraining, n: 1 });
  const shapes = new Map([...step.parameters].map(([name, { shape }]) => [name, shape]));
  const source = steps.transformerInitialValues(shapes, { seed: 0 });
  const loaded = await backend.load(source, { graphs: [step.gradients] });
  const program = await steps.TrainingProgram.compile(backend, step, { weights: loaded });
  const seeds = { seed: [undefined, -1, 0.5, "1"] };
  const allShapes = argument(shapes, /shapes/, {
    wrong: [5, {}, [], new Map([["a", "b"]]), new Map([["a", [-1]]])],
    except: [...garbageMaps],
  });
  const steplike = argument(step, /step/, {
    wrong: [5, {}, [], { ...step, apply: 5 }, { ...step, parameters: {} }, {
      ...step,
      parameters: new Map([["a", undefined]]),
    }, { ...step, initial: new Map([["a", "1"]]) }],
  });
  const config = (good: object) => {
    const fields = Object.keys(good).map((name) => [name, [undefined, "x", -1, {}, 2 ** 60]]);
    return options(good, Object.fromEntries(fields), { optional: false });
  };
  const inputs = { ...tiny.transformerInputs({ n: 1, step: 1 }) };
  return {
    lossScaleFor: {
      args: [argument("f16", /precision/, { wrong: ["f64", 5, {}] })],
      call: (precision) => steps.lossScaleFor(precision),
    },
    adamStep: {
      args: [
        options({ step: 1, learningRate: 1e-3 }, { step: [0, "1", 1.5], learningRate: weights }, {
          optional: false,
        }),
        argument({ beta1: 0.9, beta2: 0.99 }, /beta|name|options/, {
          wrong: [5, {}, [], { beta1: 2, beta2: 0.9 }, { beta1: 0.9, beta2: 0.9, name: 5 }],
        }),
      ],
      call: (at, config) => steps.adamStep(at, config),
    },
    microbatchInput: {
      args: [number(1, /index/, [1.5, 2 ** 32])],
      call: (index) => steps.microbatchInput(index),
    },
    stepRandom: {
      args: [options({ seed: 1, step: 2 }, { ...seeds, step: [undefined, -1, 2 ** 32], microbatch: [-1] }, {
        optional: false,
      })],
      call: (options) => steps.stepRandom(options),
    },
    stepFactors: {
      args: [options({ generator: 0, discriminator: 0, entropy: 1 }, {
        ...{ generator: weights, discriminator: weights, entropy: [...weights, undefined] },
      }, { optional: false })],
      call: (factors) => steps.stepFactors(factors),
    },
    transformerInitialValues: {
      args: [allShapes, options({ seed: 1 }, seeds, { optional: false })],
      call: (shapes, options) => void steps.transformerInitialValues(shapes, options),
    },
    tokenizerInitialValues: {
      args: [
        allShapes,
        options({ seed: 1 }, { ...seeds, discriminator: ["vgg", 5] }, { optional: false }),
      ],
      call: (shapes, options) => void steps.tokenizerInitialValues(shapes, options),
    },
    transformerStep: {
      args: [
        config(model),
        options({ ...transformerTraining, n: 1 }, {
          ...update,
          ...{ n: wholes, dropout: [1, -1, "0"], classDropout: [1, undefined] },
        }, { optional: false }),
      ],
      call: (model, options) => void steps.transformerStep(model, options),
    },
    tokenizerStep: {
      args: [
        config(tokenizer),
        options({ ...tokenizerTraining, n: 1, size: 16 }, {
          ...update,
          ...{
            n: wholes,
            size: wholes,
            // The model takes images.
            frames: [1, ...wholes],
            l1Weight: weights,
            l2Weight: weights,
            perceptual: [undefined, ...flags],
          },
          ...{ entropyWeight: [undefined, ...weights], commitmentWeight: weights, frozenEncoder: flags },
          quantizer: [5, {}],
          discriminator: [
            ...[5, {}, { ...discriminator, kind: "style" }, { ...discriminator, loss: "l2" }],
            ...[{ ...discriminator, ndf: 0 }, { ...discriminator, layers: "1" }, {
              ...discriminator,
              lecamWeight: -1,
            }],
          ],
        }, { optional: false }),
      ],
      call: (model, options) => void steps.tokenizerStep(model, options),
    },
    initializeStates: {
      args: [
        argument(program.states, /states/, { wrong: [5, {}, [], { read() {} }] }),
        steplike,
        argument(source, /source/, { wrong: [5, {}, [], { shapes, read: 5 }, { shapes: {}, read() {} }] }),
      ],
      call: (states, step, source) => steps.initializeStates(states, step, source),
    },
    "TrainingProgram.compile": {
      args: [
        argument(backend, /backend/, { wrong: [5, "wasm", {}, []] }),
        steplike,
        options({ weights: loaded }, { weights: [undefined, 5, {}], activations: ["q8", 5] }, {
          optional: false,
        }),
      ],
      call: (backend, step, options) => steps.TrainingProgram.compile(backend, step, options),
    },
    "TrainingProgram#run": {
      args: [
        argument(inputs, /input/, {
          wrong: [5, {}, [], { ...inputs, pre: 5 }, { ...inputs, classes: undefined }],
        }),
      ],
      call: (inputs) => program.run(inputs),
    },
  };
}

/** Maps of nothing are shapes of nothing. */
const garbageMaps: readonly unknown[] = argument(0, /./).wrong.map(([value]) => value)
  .filter((value) => value instanceof Map);
