import { f32Tensor } from "../../src/tensor/tensor.ts";

/** An argument of a call: a value that is right, and values that are not, each with what names it in the error. */
export interface Argument {
  readonly good: unknown;
  readonly wrong: readonly (readonly [value: unknown, names: RegExp])[];
  /** Other forms of the right value, which give the same result. */
  readonly same?: readonly unknown[];
}

/** What a function takes, and how it is called. */
export interface Row {
  readonly args: readonly Argument[];
  // deno-lint-ignore no-explicit-any -- It is given what its types forbid.
  readonly call: (...args: any[]) => unknown;
}

/** A list that holds nothing. */
export const emptyPlace: readonly unknown[] = [undefined];

/** Values that are no object, text or number that anything takes. */
export const garbage: readonly unknown[] = [
  null,
  true,
  NaN,
  -1,
  1n,
  Symbol("odd"),
  () => {},
  Promise.resolve({}),
  new Map(),
  emptyPlace,
];

/** An argument for which `values`, besides garbage and its absence, are wrong. */
export function argument(
  good: unknown,
  names: RegExp,
  { wrong = [], same, except = [], optional = false }: {
    wrong?: readonly unknown[];
    same?: readonly unknown[];
    /** Garbage that is right here. */
    except?: readonly unknown[];
    optional?: boolean;
  } = {},
): Argument {
  const values = [...garbage, ...wrong, ...optional ? [] : [undefined]];
  return {
    good,
    same,
    wrong: values.filter((value) => !except.some((one) => Object.is(one, value)))
      .map((value) => [value, names] as const),
  };
}

/** Options, of which `fields` have values that are wrong; `names` are what names a field other than its name. */
export function options(
  good: object,
  fields: Readonly<Record<string, readonly unknown[]>> = {},
  { optional = true, names = {} }: { optional?: boolean; names?: Readonly<Record<string, RegExp>> } = {},
): Argument {
  const objects = garbage.filter((value) => !(value instanceof Map));
  const none = [...objects, 5, "options", [], ...optional ? [] : [undefined]];
  return {
    good,
    wrong: [
      ...none.map((value) => [value, /options: expected an object, got /] as const),
      [{ ...good, bakcend: 1 }, /option bakcend: expected (one of|no options)/],
      ...Object.entries(fields).flatMap(([name, values]) =>
        values.map((value) =>
          [{ ...good, [name]: value }, names[name] ?? new RegExp(`: (\\w+: |option )?${name}\\b`)] as const
        )
      ),
    ],
  };
}

/** An image. */
export function image(
  good: { width: number; height: number; data: Uint8Array },
  { lists = false }: { lists?: boolean } = {},
): Argument {
  const { data } = good;
  return argument(good, /image|bytes|data|width|height|number|compare/, {
    wrong: [
      ...lists ? [] : [[]],
      ...[5, "image.png", {}, data, f32Tensor([1, 3, 4, 8])],
      ...[0, 1.5, "8", 2 ** 40, undefined].map((width) => ({ ...good, width })),
      ...[[], data.slice(1), new Array(data.length), Int8Array.from(data, () => -1), "x", undefined].map((
        data,
      ) => ({
        ...good,
        data,
      })),
    ],
    same: [[...data], Int32Array.from(data), Float64Array.from(data), BigInt64Array.from(data, BigInt)]
      .map((data) => ({ ...good, data })),
  });
}

/** The path of a file or folder. */
export function path(good: string, names: RegExp): Argument {
  return argument(good, names, { wrong: [5, {}, [], ""] });
}

/** A number. */
export function number(good: number, names: RegExp, wrong: readonly unknown[] = []): Argument {
  return argument(good, names, { wrong: ["1", {}, [], ...wrong] });
}

/** Where a model comes from. */
export function source(good: unknown): Argument {
  return argument(good, /source|find the model/, {
    wrong: [5, {}, [], "", [1, 2], new DataView(new ArrayBuffer(2))],
  });
}
