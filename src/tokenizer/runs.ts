/**
 * Most pixels of one run of a tokenizer, unless a single image has more. An image of this size keeps all threads busy:
 * running several at once would cost memory and save no time.
 */
export const maxRunPixels = 65536;

/** Width and height of an item's image in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

/** Divides `items` into runs of adjacent items of one size, each small enough for one run of a program. */
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
