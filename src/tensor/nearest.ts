/** The one of `names` that is most like `name` or that it begins, unless they differ much. Case, `_` and `-` do not count. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const wanted = plain(name);
  let best: string | undefined, fewest = Infinity;
  for (const other of names) {
    const text = plain(other), begins = wanted.length > 2 && text.startsWith(wanted);
    const edits = Math.min(begins ? 1 : Infinity, editDistance(wanted, text));
    if (edits < fewest && edits <= Math.max(wanted.length, text.length) / 3) [best, fewest] = [other, edits];
  }
  return best;
}

/** Edits (insert, drop or replace a character) from one text to another. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + Number(a[i - 1] !== b[j - 1]));
    }
    row = next;
  }
  return row[b.length]!;
}

function plain(name: string): string {
  // Nobody means a name of hundreds of letters, and comparing it would take long.
  return name.slice(0, 100).toLowerCase().replaceAll(/[_-]/g, "");
}
