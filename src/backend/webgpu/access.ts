import { BackendError } from "../../tensor/errors.ts";

/**
 * Kernels are written as if every f32 array were stored as f32 in one binding. If an array is stored as f16, or is larger
 * than a binding and therefore split over several, its elements are loaded and stored by generated functions. Otherwise
 * the text of the kernel does not change.
 */

/** Binding numbers of kernels are below this. Piece n of a binding has its number plus n times this. */
export const indicesOfPiece = 16;

/** How an array is stored. */
export interface Storage {
  /** Bytes of each of its bindings, in order. */
  readonly pieces: readonly number[];
  /** Whether its elements are f16. */
  readonly f16: boolean;
  /** Whether it may be written. */
  readonly written: boolean;
}

const array = /@binding\((\d+)\)(.*) (\w+): array<(.+)>;$/;

/** Declares the bindings of an array and the functions that load and store its elements. */
export function declareStored(line: string, { pieces, f16, written }: Storage): string[] {
  const [, index, kind, binding, type] = array.exec(line)!;
  const stored = f16 ? f16Types[type!]! : type!;
  const size = (lanesOf(type!)) * (f16 ? 2 : 4), last = pieces.length - 1;
  let end = 0;
  const ends = pieces.map((bytes) => end += bytes / size);
  const place = (piece: number) => `${binding}_${piece}[i${piece === 0 ? "" : ` - ${ends[piece - 1]}u`}]`;
  const cases = (act: (piece: number) => string) =>
    pieces.map((_, piece) => (piece < last ? `if (i < ${ends[piece]}u) ` : "") + `{ ${act(piece)} }`)
      .join(" else ");
  const converted = (value: string, to: string) => f16 ? `${to}(${value})` : value;
  const number = (piece: number) => Number(index) + piece * indicesOfPiece;
  return [
    ...pieces.map((_, piece) =>
      `@group(0) @binding(${number(piece)})${kind} ${binding}_${piece}: array<${stored}>;`
    ),
    `fn load_from_${binding}(i: u32) -> ${type} {`,
    cases((piece) => `return ${converted(place(piece), type!)};`),
    "}",
    ...written
      ? [
        `fn store_to_${binding}(i: u32, value: ${type}) {`,
        cases((piece) => `${place(piece)} = ${converted("value", stored)};`),
        "}",
      ]
      : [],
  ];
}

/**
 * Turns every `name[…]` into a call, and every `name[…] = …;` into another. Throws `BackendError` for a kernel that
 * changes elements in any other way.
 */
export function callStored(code: string, name: string): string {
  // From the last to the first, so that nested accesses are replaced before those that contain them.
  for (const start of accesses(code, name).reverse()) {
    const open = start + name.length, close = matching(code, open);
    const index = code.slice(open + 1, close), rest = code.slice(close + 1);
    const assigned = /^ = ([^;]*);/.exec(rest);
    if (!assigned && /^(\.\w+)? *([-+*/%&|^]|<<|>>)?=[^=]|^ *(\+\+|--)/.test(rest)) {
      throw new BackendError("Cannot specialise a kernel", {
        expected: `${name}[…] = …;`,
        got: code.slice(start, start + 40),
      });
    }
    code = code.slice(0, start) +
      (assigned
        ? `store_to_${name}(${index}, ${assigned[1]});${rest.slice(assigned[0].length)}`
        : `load_from_${name}(${index})${rest}`);
  }
  return code;
}

/**
 * Turns every `name[…]` into an access to `other`, the array of the same memory. If the elements are of another type,
 * f32 or vec4f, it may only read.
 */
export function sharing(
  code: string,
  name: string,
  { other, types: [own, others] }: { other: string; types: readonly [string, string] },
): string {
  if (own === others) return code.replaceAll(new RegExp(`\\b${name}\\b`, "g"), other);
  for (const start of accesses(code, name).reverse()) {
    const open = start + name.length, close = matching(code, open), i = `(${code.slice(open + 1, close)})`;
    const read = own === "f32"
      ? `${other}[${i} / 4][${i} % 4]`
      : `vec4f(${[0, 1, 2, 3].map((lane) => `${other}[4 * ${i} + ${lane}]`).join(", ")})`;
    code = code.slice(0, start) + read + code.slice(close + 1);
  }
  return code;
}

/** Where elements of the array `name` are accessed. */
function accesses(code: string, name: string): number[] {
  return [...code.matchAll(new RegExp(`\\b${name}\\[`, "g"))].map(({ index }) => index);
}

/** The type that stores these as f16. */
const f16Types: Readonly<Record<string, string>> = { f32: "f16", vec4f: "vec4<f16>" };

/** Where the bracket that is opened at `open` is closed. */
function matching(code: string, open: number): number {
  let depth = 0;
  for (let i = open;; i++) {
    if (code[i] === "[") depth++;
    else if (code[i] === "]" && --depth === 0) return i;
  }
}

function lanesOf(type: string): number {
  return Number(/^vec(\d)/.exec(type)?.[1] ?? 1);
}
