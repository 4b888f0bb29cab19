/**
 * Most pixels of one run, unless one image has more. A large image keeps all threads busy alone: running several
 * at once would cost memory and save no time.
 */
export const maxRunPixels = 65536;

/** How large the image of an item is, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** Divides `items` into runs of neighbours with frames of one size, each as long as one run of a program should be. */
export function runsOf<Item>(items: readonly Item[], frameOf: (item: Item) => Frame): Item[][] {
  const runs: Item[][] = [];
  let last: Frame | undefined;
  for (const item of items) {
    const frame = frameOf(item);
    const run = runs.at(-1);
    const fits = run && last?.width === frame.width && last.height === frame.height &&
      (run.length + 1) * frame.width * frame.height <= maxRunPixels;
    if (fits) run.push(item);
    else runs.push([item]);
    last = frame;
  }
  return runs;
}
