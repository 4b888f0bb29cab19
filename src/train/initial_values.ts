import type { WeightSource } from "../backend/backend.ts";
import { unfit } from "../tensor/describe.ts";
import { checkKind, checkOptions, oneOf, required, shapesByName, wholeNumber } from "../tensor/options.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { discriminatorPath } from "./adversary.ts";
import { RandomStream } from "./random_stream.ts";

/** How the parameters of a model begin, given one by one. */
type Rule = (
  name: string,
  shape: Shape,
  random: RandomStream,
  shapes: ReadonlyMap<string, Shape>,
) => (() => number) | number;

/** The deviation of weights that begin as normal ones. */
const deviation = 0.02;

const action = "make the first weights", seed = required(wholeNumber(0));

/** The values that a training from the beginning starts with, by name: a function of the seed and of names alone. */
function initialValues(
  shapes: ReadonlyMap<string, Shape>,
  { seed, rule }: { seed: number; rule: Rule },
): WeightSource {
  checkKind(shapes, shapesByName, `Cannot ${action}: shapes`);
  return {
    shapes,
    // deno-lint-ignore require-await -- Errors reject.
    async read(name) {
      const shape = shapes.get(name);
      if (!shape) throw unfit(`Cannot ${action}: name`, "the name of one of the shapes", name);
      const random = new RandomStream({ seed, name });
      const value = rule(name, shape, random, shapes), data = new Float32Array(sizeOf(shape));
      if (typeof value === "number") data.fill(value);
      else for (let i = 0; i < data.length; i++) data[i] = value();
      return data;
    },
  };
}

/**
 * The initial values of a tokenizer. Encoder, decoder and blur discriminator start with PyTorch's defaults: weights and
 * biases of convolutions and linear layers uniform in ±1/√fanIn, norms with weight 1 and bias 0. A PatchGAN starts as in
 * its paper (arXiv 1611.07004): weights of convolutions N(0, 0.02), weights of norms N(1, 0.02).
 */
export function tokenizerInitialValues(
  shapes: ReadonlyMap<string, Shape>,
  options: { seed: number; discriminator?: "patch" | "blur" },
): WeightSource {
  checkOptions(options, { seed, discriminator: oneOf(["patch", "blur"]) }, action);
  const { discriminator } = options;
  const rule: Rule = (name, shape, random, all) => {
    const weightName = name.replace(/\.bias$/, ".weight"), weight = all.get(weightName) ?? shape;
    const isNorm = weight.length === 1, isWeight = weightName === name;
    const patch = discriminator === "patch" && name.startsWith(discriminatorPath);
    if (isNorm && !isWeight) return 0;
    if (patch && isWeight) return () => (isNorm ? 1 : 0) + deviation * random.normal();
    if (isNorm) return 1;
    const bound = 1 / Math.sqrt(sizeOf(weight.slice(1)));
    return () => bound * (2 * random.uniform() - 1);
  };
  return initialValues(shapes, { seed: options.seed, rule });
}

/** The initial values of a transformer: matrices and embeddings N(0, 0.02), heads 0, norms 1 (docs/model.md, Training the transformer). */
export function transformerInitialValues(
  shapes: ReadonlyMap<string, Shape>,
  options: { seed: number },
): WeightSource {
  checkOptions(options, { seed }, action);
  const rule: Rule = (name, shape, random) => {
    if (shape.length === 1) return 1;
    if (/\.head\.\d+\.weight$/.test(name)) return 0;
    return () => deviation * random.normal();
  };
  return initialValues(shapes, { seed: options.seed, rule });
}
