/** The table of wrong arguments against every export: they are refused by name, and other forms of right ones are taken. */
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratch } from "../cli/support.ts";
import { VokenError } from "../../src/tensor/errors.ts";
import type { Row } from "./argument.ts";
import { openFixtures } from "./fixtures.ts";
import { libraryRows } from "./library_rows.ts";
import { advancedRows, serviceRows } from "./other_rows.ts";
import { stepRows, trainRows } from "./train_rows.ts";

const test = suite("wrong arguments of every export");

const fixtures = await openFixtures();
const rows: Record<string, Row> = {
  ...libraryRows(fixtures),
  ...advancedRows(fixtures),
  ...serviceRows(fixtures),
  ...trainRows(fixtures),
  ...await stepRows(fixtures),
};

// Options that are right by chance may make files: of trainings, conversions.
const here = Deno.cwd(), folder = scratch();
test.before(() => Deno.chdir(folder.path));
test.after(async () => {
  Deno.chdir(here);
  folder[Symbol.dispose]();
  await fixtures[Symbol.asyncDispose]();
});

/** What a call throws, or gives; what it made is disposed. */
async function outcome(call: () => unknown): Promise<{ error?: Error; result?: unknown }> {
  try {
    const result = await call();
    await (result as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.();
    return { result };
  } catch (error) {
    return { error: error as Error };
  }
}

/** The row's right arguments with another one in the place of one. */
function withArgument({ args }: Row, i: number, value: unknown): unknown[] {
  return args.map(({ good }, at) => at === i ? value : good);
}

/** Functions that an object has, and those of its prototype, if it is a class. */
function functionsOf(name: string, value: unknown): [name: string, fn: { length: number }][] {
  if (typeof value !== "function") return [];
  if (!/^class\b/.test(String(value))) return [[name, value]];
  const methods = (of: object, separator: string) =>
    Object.entries(Object.getOwnPropertyDescriptors(of)).filter(([key, { value }]) =>
      typeof value === "function" && key !== "constructor"
    ).map(([key, { value }]): [string, { length: number }] => [name + separator + key, value]);
  return [[name, value], ...methods(value, "."), ...methods(value.prototype, "#")];
}

test("the table has a row for each function, class and method that is exported", async () => {
  const root = new URL("../../", import.meta.url);
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const missing: string[] = [];
  for (const [entry, path] of Object.entries<string>(exports)) {
    // A command has words, not arguments; its own tests give it wrong ones.
    if (entry === "./cli") continue;
    const module = await import(new URL(path, root).href);
    const known = Object.entries<object>(module).flatMap(([name, value]) => functionsOf(name, value));
    for (const [name, { length }] of [...known, ...functionsOf("DecodeBatch", fixtures.batch.constructor)]) {
      const [owner] = name.split(/[.#]/) as [string];
      const isError = module[owner]?.prototype instanceof Error;
      if (isError || madeByOthers.includes(name)) continue;
      if (!rows[name] || rows[name].args.length < length) missing.push(`${entry} ${name}`);
    }
  }
  assert.equal(missing, []);
});

/** Classes that one gets from functions, and methods of backends, whose table is in `tests/backend/arguments.ts`. */
const madeByOthers = ["Tokenizer", "Generator", "Transformer", "DecodeBatch", "OnnxModel", "TrainingProgram"]
  .concat(
    ["OrtBackend", "WebGpuBackend"].flatMap((name) => [`${name}#load`, `${name}#compile`]),
  );

for (const [name, row] of Object.entries(rows)) {
  test(`${name} refuses each wrong argument by its name`, async () => {
    for (const [i, { wrong }] of row.args.entries()) {
      for (const [value, names] of wrong) {
        const { error, result } = await outcome(() => row.call(...withArgument(row, i, value)));
        const title = `${name}, argument ${i}, ${Deno.inspect(value, { depth: 3 }).slice(0, 300)}`;
        assert.ok(error, `${title}: gave ${Deno.inspect(result).slice(0, 100)}`);
        assert.ok(error instanceof VokenError, `${title}: ${error.stack}`);
        assert.match(error.message, /^Cannot /, title);
        assert.match(error.message, names, title);
        assert.ok(
          error.expected && (error.got ?? error.subject.includes("option ")),
          `${title}: ${error.message}`,
        );
      }
    }
  });
}

test("other forms of right arguments give the same", async () => {
  for (const [name, row] of Object.entries(rows)) {
    for (const [i, { same = [], good }] of row.args.entries()) {
      if (same.length === 0) continue;
      const expected = await outcome(() => row.call(...withArgument(row, i, good)));
      assert.not(expected.error, `${name}: ${expected.error}`);
      for (const value of same) {
        const actual = await outcome(() => row.call(...withArgument(row, i, value)));
        assert.equal(actual, expected, `${name}, argument ${i}, ${Deno.inspect(value)}`);
      }
    }
  }
});

test("whatever stands in the place of an argument, no error is untyped", async () => {
  // By number, so that a counterexample is short.
  const places = Object.entries(rows).flatMap(([name, row]) =>
    row.args.map(({ good }, i) => ({ name, row, good, i }))
  );
  const anything = fc.anything({
    ...{
      withNullPrototype: true,
      withTypedArray: true,
      withBigInt: true,
      withSparseArray: true,
      withMap: true,
    },
    ...{ withDate: true, withSet: true, maxDepth: 2 },
  });
  // Right values of which a part is something else.
  const nearly = fc.nat(places.length - 1).chain((place) => {
    const { good } = places[place]!, fields = Object.keys(Object(good));
    const isPlain = Object.getPrototypeOf(Object(good)) === Object.prototype && fields.length > 0;
    const value = isPlain
      ? fc.tuple(fc.constantFrom(...fields), anything).map(([name, value]) => ({
        ...good as object,
        [name]: value,
      }))
      : anything;
    return fc.tuple(fc.constant(place), fc.oneof(value, anything));
  });
  await fc.assert(
    fc.asyncProperty(nearly, async ([place, value]) => {
      const { name, row, i } = places[place]!;
      const { error } = await outcome(() => row.call(...withArgument(row, i, value)));
      const shown = Deno.inspect(value, { depth: 4 }).slice(0, 300);
      assert.ok(
        error === undefined || error instanceof VokenError,
        `${name}, argument ${i}, ${shown}: ${error?.stack}`,
      );
    }),
    {
      numRuns: 1000,
      // Lists with two thousand million holes among the values take minutes to shrink and do not fit into a report.
      endOnFailure: true,
      reporter: ({ seed, errorInstance }) => {
        if (errorInstance) throw new Error(`seed ${seed}: ${(errorInstance as Error).message}`);
      },
    },
  );
});

test.run();
