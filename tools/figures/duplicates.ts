import type { Source } from "./sources.ts";

/** Lines that stand in two places. Positions are line numbers, from 1. */
export interface Duplicate {
  readonly first: { readonly path: string; readonly line: number };
  readonly second: { readonly path: string; readonly line: number };
  /** How many lines with code are equal. */
  readonly length: number;
}

/** A line with code, without its indentation, and its number in the file. */
interface CodeLine {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/**
 * Finds runs of at least `length` equal lines in two places. Spaces at either end, blank lines, imports, comments and
 * lines of nothing but punctuation do not count. A run is accepted if the lines just above one of its places are a
 * comment that names the file of the other. Within one file, the comment above the declaration around one of its places
 * may instead say why it is repeated "by hand because".
 */
export function findDuplicates(sources: readonly Source[], length: number): Duplicate[] {
  const code = sources.flatMap((source) => codeOf(source));
  const places = new Map<string, number[]>(), found: Duplicate[] = [];
  const key = (at: number) => code.slice(at, at + length).map(({ text }) => text).join("\n");
  const sameFile = (a: number, b: number) => code[a]?.path === code[b]?.path;
  const equal = (a: number, b: number, offset: number) =>
    code[a + offset]?.text === code[b + offset]?.text && sameFile(a, a + offset) && sameFile(b, b + offset);

  for (let at = 0; at + length <= code.length; at++) {
    if (!sameFile(at, at + length - 1)) continue;
    const text = key(at), earlier = places.get(text) ?? [];
    places.set(text, [...earlier, at]);
    for (const other of earlier) {
      // Only the start of a run is reported, and a run does not overlap with itself.
      if (equal(other, at, -1) || (sameFile(other, at) && at - other < length)) continue;
      let run = length;
      while (at + run < code.length && equal(other, at, run)) run++;
      const [first, second] = [code[other]!, code[at]!];
      if (explained(sources, first, second) || explained(sources, second, first)) continue;
      found.push({ first, second, length: run });
    }
  }
  return found;
}

/** Takes the lines with code of a file. */
function codeOf({ path, lines }: Source): CodeLine[] {
  const code: CodeLine[] = [];
  let inImport = false, inComment = false;
  for (const [i, whole] of lines.entries()) {
    const text = whole.trim();
    if (
      /^(import|export)\b.*\{$|^import\b/.test(text) &&
      !/^export (class|interface|function|const|async)/.test(text)
    ) {
      inImport = !text.endsWith(";");
      continue;
    }
    if (text.startsWith("/*")) inComment = true;
    const skipped = inImport || inComment || text.startsWith("//") || !/\w/.test(text);
    if (inImport && text.endsWith(";")) inImport = false;
    if (text.endsWith("*/")) inComment = false;
    if (!skipped) code.push({ path, line: i + 1, text });
  }
  return code;
}

/** Whether a comment explains a place: just above it by the other's file, or above its declaration in the same file. */
function explained(sources: readonly Source[], { path, line }: CodeLine, other: CodeLine): boolean {
  const { lines } = sources.find((source) => source.path === path)!;
  const name = other.path.slice(other.path.lastIndexOf("/") + 1);
  if (commentAbove(lines, line - 1).includes(name)) return true;
  const declaration = lines.slice(0, line).findLastIndex((text) =>
    /^(export )?(async )?(function|class|const) /.test(text)
  );
  return path === other.path && commentAbove(lines, declaration).includes("by hand because");
}

/** The comments and decorators just above the line at `index`. */
function commentAbove(lines: readonly string[], index: number): string {
  const above = lines.slice(0, Math.max(index, 0));
  return above.slice(above.findLastIndex((text) => !/^\s*(\/\/|\/?\*|@)/.test(text)) + 1).join("\n");
}
