import type { Source } from "./sources.ts";

/**
 * Finds circles of imports, those of types included: the strongly connected components of more than one file, by
 * Tarjan's algorithm.
 */
export function findCircles(sources: readonly Source[]): string[][] {
  const imports = new Map(sources.map((source) => [source.path, importsOf(source)]));
  const index = new Map<string, number>(), low = new Map<string, number>();
  const stack: string[] = [], circles: string[][] = [];

  function visit(path: string): void {
    index.set(path, index.size);
    low.set(path, index.get(path)!);
    stack.push(path);
    for (const next of imports.get(path)!) {
      if (!imports.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(path, Math.min(low.get(path)!, low.get(next)!));
    }
    if (low.get(path) !== index.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1) circles.push(circle);
  }

  for (const path of imports.keys()) if (!index.has(path)) visit(path);
  return circles;
}

/** Lists the files of the project that a file imports, by their paths from the root. */
function importsOf({ path, lines }: Source): string[] {
  const specifiers = lines.join("\n").matchAll(/(?:\bfrom|\bimport\(?)\s*"(\.[^"]*)"/g);
  return [...specifiers].map(([, specifier]) => new URL(specifier!, `file:///${path}`).pathname.slice(1));
}
