import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Backend } from "../../src/backend/backend.ts";
import { constant, input } from "../../src/graph/build.ts";
import { graphOf } from "../../src/graph/trace.ts";
import type { HostTensor } from "../../src/tensor/tensor.ts";
import { stepDraws } from "../../src/train/randomness.ts";
import { transformerStep } from "../../src/train/transformer_step.ts";
import { type SubTokens, teacherForced, teacherForcedDraws } from "../../src/transformer/programs.ts";
import { backends, runOnce } from "./backends.ts";
import { begun, stateBits, tinyTransformer, transformerInputs, transformerTraining } from "./tiny.ts";

const test = suite("scheduled sampling");

const n = 2, positions = tinyTransformer.grid ** 2, rows = n * positions;
const { classes, pre, post } = transformerInputs({ n, step: 1 }) as Record<string, HostTensor<"u32">>;
const known = { classes: constant(classes!), pre: constant(pre!), post: constant(post!) };
const draws = (step: number) => stepDraws({ seed: 3, step }, rows);

/** A word of each row of logits by word `word` of its random ones: the first at which the sum of probabilities is above. */
function drawn({ data, shape }: HostTensor, random: HostTensor, word: number): number[] {
  const words = shape.at(-1)!;
  return Array.from({ length: rows }, (_, row) => {
    const weights = Array.from(data.subarray(row * words, (row + 1) * words), Math.exp);
    const goal = random.data[4 * row + word]! / 2 ** 32 * weights.reduce((a, b) => a + b);
    let sum = 0;
    return weights.findIndex((weight) => (sum += weight) > goal);
  });
}

const ownDraws = async (backend: Backend, step: number): Promise<Record<string, HostTensor>> => {
  const random = input("draws", { shape: [rows, 4], dtype: "u32" });
  return await runOnce(
    backend,
    graphOf({ ...teacherForcedDraws(tinyTransformer, known, random) }),
    draws(step),
  );
};

for (const [title, open] of backends) {
  test(`${title} draws what the model expects, the second sub-token by the first as drawn`, async () => {
    await using backend = open();
    const own = await ownDraws(backend, 0);
    assert.equal(own.pre!.shape, [n, positions]);
    // The tokens before a position are the known ones, the position's own first sub-token is the drawn one.
    const own_pre = constant(own.pre as HostTensor<"u32">);
    const graph = graphOf({
      ...teacherForced(tinyTransformer, { ...known, pre: own_pre }, { seen: known }),
    });
    const { logits_pre, logits_post } = await runOnce(backend, graph, {});
    assert.equal([...own.pre!.data], drawn(logits_pre!, draws(0).draws!, 0));
    assert.equal([...own.post!.data], drawn(logits_post!, draws(0).draws!, 1));
    assert.not.equal((await ownDraws(backend, 1)).pre!.data, own.pre!.data);
  });

  test(`a step on ${title} learns the pictures' tokens behind a share of its own`, async () => {
    await using backend = open();
    const plain = { ...transformerTraining, dropout: 0, classDropout: 0, n };
    const lossOf = async (scheduledSampling: number): Promise<number> => {
      const training = transformerStep(tinyTransformer, { ...plain, scheduledSampling });
      await using program = await begun(backend, training);
      return (await program.run({ ...transformerInputs({ n, step: 1 }), ...draws(0) })).loss!.data[0]!;
    };
    const expected = async (seen: SubTokens): Promise<number> => {
      const graph = graphOf({ ...teacherForced(tinyTransformer, known, { seen }) });
      const { logits_pre, logits_post } = await runOnce(backend, graph, {});
      return crossEntropy(logits_pre!, pre!) + crossEntropy(logits_post!, post!);
    };
    const own = await ownDraws(backend, 0) as Record<keyof SubTokens, HostTensor<"u32">>;
    const [clean, replaced] = [
      await expected(known),
      await expected({ pre: constant(own.pre), post: constant(own.post) }),
    ];
    assert.ok(Math.abs(clean - replaced) > 1e-3, `${clean} and ${replaced} cannot be told apart`);
    const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-5 * b, `${a} is not ${b}`);
    near(await lossOf(0), clean);
    // All but about one in ten million.
    near(await lossOf(1 - 1e-7), replaced);
    const half = await lossOf(0.5);
    assert.ok(Math.abs(half - clean) > 1e-4 && Math.abs(half - replaced) > 1e-4, `${half}`);
  });

  test(`a step on ${title} with logits that are not numbers changes nothing`, async () => {
    await using backend = open();
    const training = transformerStep(tinyTransformer, { ...transformerTraining, n, scheduledSampling: 0.5 });
    await using program = await begun(backend, training);
    const name = "transformer.norm.weight", weight = await program.states!.read(name);
    await program.states!.write(name, { ...weight, data: weight.data.map(() => NaN) } as HostTensor);
    const before = await stateBits(program, training);
    const { finite } = await program.run({ ...transformerInputs({ n, step: 1 }), ...draws(0) });
    assert.is(finite!.data[0], 0);
    assert.equal(await stateBits(program, training), before);
  });
}

test("the words that it draws by are those of seed, step and part", () => {
  const words = (random: { seed: number; step: number; part?: number }) => stepDraws(random, 100).draws!.data;
  const first = words({ seed: 1, step: 5 });
  assert.is(new Set(first).size, 400);
  assert.equal(words({ seed: 1, step: 5, part: 0 }), first);
  for (const other of [{ seed: 2, step: 5 }, { seed: 1, step: 6 }, { seed: 1, step: 5, part: 1 }]) {
    assert.is([...words(other)].filter((word, i) => word === first[i]).length, 0);
  }
});

/** The mean of log Σ exp(logits) − logits[target]. */
function crossEntropy({ data, shape }: HostTensor, target: HostTensor): number {
  const words = shape.at(-1)!;
  let sum = 0;
  target.data.forEach((word: number, row: number) => {
    const logits = data.subarray(row * words, (row + 1) * words);
    sum += Math.log(Array.from(logits, Math.exp).reduce((a, b) => a + b)) - logits[word]!;
  });
  return sum / target.data.length;
}

test.run();
