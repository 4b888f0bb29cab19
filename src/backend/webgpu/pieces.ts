/**
 * A tensor larger than one binding is shown by several. Its array then becomes two functions, to load and to store an
 * element: they ask which piece holds it. Kernels are written as if there were no such limit; where nothing is that
 * large, their text does not change.
 */

/** Binding numbers of kernels are below this; those of a second piece are this much higher, and so on. */
export const indicesOfPiece = 16;

const array = /@binding\((\d+)\)(.*) (\w+): array<(.+)>;$/;

/** Declares an array in pieces of so many bytes, and what loads and stores its elements. */
export function declarePieces(
  line: string,
  { binding, pieces, written }: { binding: string; pieces: readonly number[]; written: boolean },
): string[] {
  const [, index, kind, , type] = array.exec(line)!;
  const size = bytesOf(type!), last = pieces.length - 1;
  let end = 0;
  const ends = pieces.map((bytes) => end += bytes / size);
  const place = (piece: number) => `${binding}_${piece}[i - ${piece === 0 ? 0 : ends[piece - 1]}u]`;
  const cases = (act: (piece: number) => string) =>
    pieces.map((_, piece) => (piece < last ? `if (i < ${ends[piece]}u) ` : "") + `{ ${act(piece)} }`);
  return [
    ...pieces.map((_, piece) =>
      `@group(0) @binding(${
        Number(index) + piece * indicesOfPiece
      })${kind} ${binding}_${piece}: array<${type}>;`
    ),
    `fn load_from_${binding}(i: u32) -> ${type} {`,
    cases((piece) => `return ${place(piece)};`).join(" else "),
    "}",
    ...written
      ? [
        `fn store_to_${binding}(i: u32, value: ${type}) {`,
        cases((piece) => `${place(piece)} = value;`).join(" else "),
        "}",
      ]
      : [],
  ];
}

/** Turns every `name[…]` into a call, and every `name[…] = …;` into another. */
export function accessPieces(code: string, name: string): string {
  const pattern = new RegExp(`\\b${name}\\[`, "g");
  const starts = [...code.matchAll(pattern)].map(({ index }) => index);
  // The last first: what stands within brackets and behind `=` is done before they are.
  for (const start of starts.reverse()) {
    const open = start + name.length, close = matching(code, open);
    const index = code.slice(open + 1, close), rest = code.slice(close + 1);
    const assigned = /^ = ([^;]*);/.exec(rest);
    code = code.slice(0, start) +
      (assigned
        ? `store_to_${name}(${index}, ${assigned[1]});${rest.slice(assigned[0].length)}`
        : `load_from_${name}(${index})${rest}`);
  }
  return code;
}

/** Where the bracket that is opened at `open` is closed. */
function matching(code: string, open: number): number {
  let depth = 0;
  for (let i = open;; i++) {
    if (code[i] === "[") depth++;
    else if (code[i] === "]" && --depth === 0) return i;
  }
}

function bytesOf(type: string): number {
  const lanes = Number(/^vec(\d)/.exec(type)?.[1] ?? 1);
  return lanes * (type.endsWith("<f16>") ? 2 : 4);
}
