import { suite } from "uvu";
import { Generator, Tokenizer } from "../../mod.ts";
import { createBackend } from "../../src/advanced.ts";
import { createEdgeService } from "../../src/service/edge.ts";
import { createService } from "../../src/service/mod.ts";
import { ArgumentError } from "../../src/tensor/errors.ts";
import { shippedModel } from "../support/models.ts";
import { smallModel } from "../support/small_model.ts";
import { thrown } from "../support/thrown.ts";

const test = suite("what errors say of options");

test("names of other libraries are answered with ours", async () => {
  await using backend = await createBackend("reference");
  await using generator = await Generator.load(smallModel, { backend });
  const cases: [() => unknown, RegExp][] = [
    [
      () => Tokenizer.load(shippedModel, { device: "webgpu" } as never),
      /option device: .*; here it is called backend$/,
    ],
    [
      () => Generator.load(shippedModel, { dtype: "q4" } as never),
      /option dtype: .*; here it is called weights$/,
    ],
    [
      () => Tokenizer.load(shippedModel, { treads: 2 } as never),
      /option treads: .*; did you mean threads\?$/,
    ],
    [
      () => Tokenizer.load(shippedModel, { backend: "webgl" } as never),
      /backend: .*; did you mean webgpu\?$/,
    ],
    [() => Tokenizer.load(shippedModel, { threads: "2" } as never), /threads: .* from 1 to 256, got "2"$/],
    [() => generator.generate({} as never), /classIds: expected a class .*, got nothing$/],
    [() => generator.generate({ classIds: 1, top_k: 3 } as never), /option top_k: .*; did you mean topK\?$/],
    [() => generator.generate({ classIds: 1, temperature: "1" } as never), /temperature: .*, got "1"$/],
    [
      () => createEdgeService({ models: [], codecThreads: 1 } as never),
      /option codecThreads: expected one of models/,
    ],
    [
      () => createService({ models: [{ name: "a" }] } as never),
      /models: tokenizer: expected a Tokenizer, got nothing$/,
    ],
    [() => createService({ models: [{}] } as never), /models: name: expected a text, got nothing$/],
    [() => createService({ models: [5] } as never), /models: options: expected an object, got 5$/],
  ];
  for (const [call, message] of cases) await thrown(ArgumentError, call, message);
});

test.run();
