import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ArgumentError, CheckpointError } from "../../src/tensor/errors.ts";
import { classNumber, parseClassNames } from "../../src/transformer/classes.ts";
import { openGenerative, transformerOf } from "../../src/models/open_generative.ts";
import { parseSampling } from "../../src/transformer/sampling_json.ts";
import { defaultSampling, samplingSettings } from "../../src/transformer/settings.ts";
import { transformerShapes } from "../../src/models/transformer_weights.ts";
import { weightFormats } from "../../src/backend/formats.ts";
import { stepGraph } from "../../src/transformer/step_graph.ts";
import { safetensors } from "../io/support.ts";
import { tinyNames, tinyTransformer } from "./tiny.ts";

const test = suite("mutated files of transformers");
const numRuns = 1500;

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, "", "x", "__proto__", [], {}, -1, 0, 0.5, 2 ** 31, 2 ** 53, 1e300),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A text with some characters exchanged, inserted or cut off. */
function edited(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(4000), fc.nat(2), fc.constantFrom(...'{}[]",:\\0e-. \u0000é', ""));
  return fc.tuple(text, fc.array(edit, { maxLength: 3 })).map(([whole, edits]) => {
    const characters = [...whole];
    for (const [at, removed, put] of edits) characters.splice(at % (characters.length + 1), removed, put);
    return characters.join("");
  });
}

test("classes.json: the names, or a typed error", () => {
  const names = fc.array(fc.oneof({ weight: 30, arbitrary: fc.constant("cat") }, odd), {
    minLength: 9,
    maxLength: 11,
  });
  const texts = edited(
    fc.oneof(
      fc.constant(tinyNames),
      names,
      odd,
    ).map((value) => JSON.stringify(value)),
  );
  let accepted = 0, refused = 0;
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const read = parseClassNames(text, { file: "classes.json", classes: 10 });
        assert.ok(read.length === 10 && read.every((name) => typeof name === "string"));
        accepted++;
      } catch (error) {
        assert.instance(error, CheckpointError);
        refused++;
      }
    }),
    { numRuns },
  );
  assert.ok(accepted > numRuns / 20 && refused > numRuns / 20, `${accepted} read, ${refused} refused`);
});

test("sampling.json: settings that generate, or a typed error", () => {
  const fitting = fc.record({
    guidance: fc.double({ min: 0, max: 1000, noNaN: true }),
    guidanceSchedule: fc.constantFrom("constant", "linear"),
    temperature: fc.constantFrom(0, 1, [0.001, 1000]),
    topK: fc.nat(),
    topP: fc.double({ min: 0.1, max: 1, noNaN: true }),
  }, { requiredKeys: [] });
  const others = fc.dictionary(fc.constantFrom("guidance", "topP", "greedy", "__proto__"), odd, {
    maxKeys: 1,
  });
  const values = fc.tuple(fitting, others).map(([some, other]) => ({ ...some, ...other }));
  const texts = edited(fc.oneof(values, odd).map((value) => JSON.stringify(value)));
  let accepted = 0, refused = 0;
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const read = parseSampling(text, { file: "sampling.json" });
        assert.equal(samplingSettings({}, read), read);
        accepted++;
      } catch (error) {
        assert.instance(error, CheckpointError);
        assert.match((error as Error).message, /^Cannot read sampling\.json/);
        refused++;
      }
    }),
    { numRuns },
  );
  assert.ok(accepted > numRuns / 20 && refused > numRuns / 20, `${accepted} read, ${refused} refused`);
  const partly = parseSampling('{ "guidance": [2, 3], "topK": 5 }', { file: "sampling.json" });
  assert.equal(partly, { ...defaultSampling, guidance: [2, 3], topK: [5, 5] });
});

test("classes asked for: a number of the model, or a typed error", () => {
  const ids = fc.oneof(
    edited(fc.constantFrom(...tinyNames)),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.double(),
    fc.integer({ min: -2, max: 12 }),
  );
  let accepted = 0;
  fc.assert(
    fc.property(ids, (id) => {
      try {
        const number = classNumber(id, { classes: 10, names: tinyNames });
        assert.ok(Number.isInteger(number) && number >= 0 && number < 10);
        accepted++;
      } catch (error) {
        assert.instance(error, ArgumentError);
      }
    }),
    { numRuns },
  );
  assert.ok(accepted > 0);
});

/** The header of a tiny transformer in q8, its tensors one after the other, and how many bytes they take. */
function quantizedHeader(): { tensors: Record<string, { dtype: string; shape: number[] }>; bytes: number } {
  const formats = weightFormats([stepGraph(tinyTransformer, { n: 1, guided: false })], "q8");
  const tensors: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = {};
  let at = 0;
  const put = (name: string, dtype: "I8" | "F16" | "F32", shape: readonly number[]) => {
    const size = { I8: 1, F16: 2, F32: 4 }[dtype] * shape.reduce((product, length) => product * length, 1);
    tensors[name] = { dtype, shape: [...shape], data_offsets: [at, at += size] };
  };
  for (const [name, shape] of transformerShapes(tinyTransformer)) {
    const format = formats.get(name) ?? "f32";
    if (format !== "q8") put(name, format === "f16" ? "F16" : "F32", shape);
    else {
      put(`${name}.q8`, "I8", shape);
      put(`${name}.scales`, "F16", [shape[0]!, Math.ceil(shape[1]! / 32)]);
    }
  }
  return { tensors, bytes: at };
}

const { tensors, bytes } = quantizedHeader();
const names = Object.keys(tensors), matrices = names.filter((name) => /\.(q8|scales)$/.test(name));

/** What a mutation changes in a header: a tensor's name, dtype or shape, or the configuration. */
const lie = fc.oneof(
  fc.record({
    at: fc.constantFrom(...matrices),
    name: fc.constantFrom(...names, "w.q8", "w.q4", ".scales", ""),
  }),
  fc.record({ at: fc.constantFrom(...matrices), dtype: fc.constantFrom("I8", "U8", "F16", "F32", "BOOL") }),
  fc.record({
    at: fc.constantFrom(...matrices),
    shape: fc.array(fc.constantFrom(0, 1, 2, 8, 16, 64, 192, 256), { maxLength: 3 }),
  }),
  fc.record({ at: fc.constantFrom(...matrices), drop: fc.constant(true) }),
);
const configuration = edited(
  fc.record({
    transformer: fc.oneof(
      fc.record({ heads: fc.oneof(fc.constantFrom(1, 2, 4, 16), odd), grid: fc.oneof(fc.constant(4), odd) }),
      odd,
    ),
  }).map((value) => JSON.stringify(value)),
);

test("quantised matrices and what their file says of them: read whole, or a typed error", async () => {
  let accepted = 0, refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(lie, { maxLength: 2 }), configuration, async (lies, config) => {
      const header: Record<string, unknown> = { ...tensors, __metadata__: { "config.json": config } };
      for (const { at, ...change } of lies) {
        const { name = at, drop = false, ...rest } = change as { name?: string; drop?: boolean };
        const entry = { ...header[at] as object, ...rest };
        delete header[at];
        if (!drop) header[name] = entry;
      }
      try {
        await using files = await openGenerative(safetensors(header, { data: bytes }));
        const { config: found, source } = transformerOf(files);
        for (const [name, shape] of source.shapes) {
          assert.is((await source.read(name)).length, shape.reduce((product, length) => product * length, 1));
        }
        assert.is(found.dim % (4 * found.heads), 0);
        assert.ok(found.grid >= 1 && found.grid <= 256);
        accepted++;
      } catch (error) {
        assert.instance(error, CheckpointError);
        refused++;
      }
    }),
    { numRuns: numRuns / 5 },
  );
  assert.ok(accepted > numRuns / 100 && refused > numRuns / 100, `${accepted} read, ${refused} refused`);
});

test.run();
